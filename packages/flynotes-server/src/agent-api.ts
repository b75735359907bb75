import {
  agentCalls,
  batchRequestSchema,
  opaqueIdSchema,
  problemSchema,
  sha512HexSchema,
} from '@flynotes/carestream-server/api';
import * as z from 'zod';
import { receiveCommandResult } from './commands/index.ts';
import type { Database } from './database/index.ts';
import { receiveHeartbeat } from './heartbeats/index.ts';
import type { App } from './http/app.ts';
import { licenceKeyHook } from './http/authenticate.ts';
import { problemError } from './http/index.ts';
import { keepJsonBodies, refuseUnstorableText } from './http/json-body.ts';
import { batchBytesMost, putPatient } from './ingest/index.ts';
import type { BatchReader } from './ingest/index.ts';
import type { createLicences } from './licences/index.ts';
import { acceptBatch, beginPass, completePass } from './passes/index.ts';
import type { Practices } from './practices/index.ts';
import type { Releases } from './releases/index.ts';

const mebibyte = 1024 * 1024;
const patientBytesMost = 32 * mebibyte;

const passParams = z.object({ passId: opaqueIdSchema });
const patientParams = z.object({ patientCode: z.string().regex(/^[1-9]\d{0,9}$/) });
const security = [{ licenceKey: [] }];
const tags = ['agent'];
const urlOf = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');
const answers = <Schema extends z.ZodType>(schema: Schema) => ({
  200: schema,
  '4xx': problemSchema,
  '5xx': problemSchema,
});

/** What the agent of a practice calls. */
export function addAgentApi(
  app: App,
  deps: {
    database: Database;
    practices: Practices;
    licences: ReturnType<typeof createLicences>;
    releases: Releases;
    batches: BatchReader;
  },
  options: { passValidMs: number; publicUrl: string | null },
): void {
  const { database, practices, licences, releases, batches } = deps;
  const {
    licence,
    beginPass: begin,
    sendBatch,
    completePass: complete,
    putPatient: put,
    commandResult,
    heartbeat,
  } = agentCalls;
  void app.register(async (instance) => {
    const agent = instance as App;
    agent.decorateRequest('practice', null as never);
    agent.addHook('onRequest', licenceKeyHook(practices));
    agent.addHook('preHandler', async (request) => {
      if (request.routeOptions.config.documentedBody === undefined) refuseUnstorableText(request.body);
    });

    agent.post(
      urlOf(licence.path),
      {
        schema: {
          summary: 'Ask about the licence: practice, version, queue',
          tags,
          security,
          body: licence.request,
          response: answers(licence.answer),
        },
      },
      async ({ practice, body, protocol, host }) =>
        licences.open(practice, body, options.publicUrl ?? `${protocol}://${host}`),
    );
    agent.get(
      '/v1/releases/:sha512/tarball',
      {
        schema: {
          summary: 'The bytes of a release, where this server holds them',
          tags,
          security,
          params: z.object({ sha512: sha512HexSchema }),
        },
      },
      async ({ params }, reply) => {
        const tarball = await releases.tarball(params.sha512);
        if (tarball === null) throw problemError('NOT_FOUND', { detail: 'No such release is held here.' });
        return reply.type('application/octet-stream').send(tarball);
      },
    );
    agent.post(
      urlOf(begin.path),
      {
        schema: {
          summary: 'Begin a pass, or go on with the unfinished one',
          tags,
          security,
          body: begin.request,
          response: answers(begin.answer),
        },
      },
      async ({ practice, body }) =>
        beginPass(database, practice, { reason: body.reason, validMs: options.passValidMs }),
    );
    void agent.register(async (scope) => {
      keepJsonBodies(scope);
      (scope as App).post(
        urlOf(sendBatch.path),
        {
          bodyLimit: batchBytesMost,
          decompress: false,
          // Decompressed and read in another thread, each row judged alone.
          config: { documentedBody: batchRequestSchema },
          schema: {
            summary: 'Send up to 1,000 patients and removals',
            tags,
            security,
            params: passParams,
            headers: z.object({
              'idempotency-key': z.string().max(300).optional(),
              'content-encoding': z.string().optional(),
            }),
            response: answers(sendBatch.answer),
          },
        },
        async ({ practice, body, params: { passId }, headers }) => {
          const reading = await batches.read({
            bytes: body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : new Uint8Array(),
            coding: headers['content-encoding'] ?? '',
            digestKey: practice.digestKey,
          });
          if (reading.outcome === 'refused') throw problemError(reading.code, reading);
          const { batch } = reading;
          const key = headers['idempotency-key'];
          if (key !== undefined && !key.startsWith(`${passId}:${batch.n}:`)) {
            throw problemError('REQUEST_INVALID', {
              detail: 'Idempotency-Key must be passId:n:contentHash of this batch.',
              fields: ['idempotency-key'],
            });
          }
          return acceptBatch(database, practice, { passId, batch });
        },
      );
    });
    agent.post(
      urlOf(complete.path),
      {
        schema: {
          summary: 'Compare what both sides hold',
          tags,
          security,
          params: passParams,
          body: complete.request,
          response: answers(complete.answer),
        },
      },
      async ({ practice, body, params, bodyHash }) =>
        completePass(database, practice, { passId: params.passId, request: body, contentHash: bodyHash }),
    );
    agent.put(
      urlOf(put.path),
      {
        bodyLimit: patientBytesMost,
        schema: {
          summary: 'One full record with medical history',
          tags,
          security,
          params: patientParams,
          body: put.request,
          response: answers(put.answer),
        },
      },
      async ({ practice, body, params }) => {
        if (Number(params.patientCode) !== body.record.basics.patientCode) {
          throw problemError('REQUEST_INVALID', {
            detail: 'The record is of another patient than the address names.',
            fields: ['record.basics.patientCode'],
          });
        }
        return putPatient(database, practice, body);
      },
    );
    agent.post(
      urlOf(commandResult.path),
      {
        schema: {
          summary: 'How a message ended',
          tags,
          security,
          body: commandResult.request,
          response: answers(commandResult.answer),
        },
      },
      async ({ practice, body }) => {
        await receiveCommandResult(database, practice.id, body);
        return {};
      },
    );
    agent.post(
      urlOf(heartbeat.path),
      {
        schema: {
          summary: 'Each minute: version, freshness, warnings',
          tags,
          security,
          body: heartbeat.request,
          response: answers(heartbeat.answer),
        },
      },
      async ({ practice, body }) => {
        await receiveHeartbeat(database, practice.id, body);
        return {};
      },
    );
  });
}
