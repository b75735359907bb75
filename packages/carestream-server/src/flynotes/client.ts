import type * as z from 'zod';
import {
  agentCalls,
  type BatchAnswer,
  type BulkPassAnswer,
  type CommandResult,
  type CompleteAnswer,
  type CompleteRequest,
  type Heartbeat,
  type LicenceAnswer,
  type LicenceRequest,
  type PassFigures,
  type PatientUpload,
  type PatientUploadAnswer,
} from '../contract/http-api.ts';
import { isAgentError, AgentError, type Clock } from '../runtime/index.ts';
import { jsonOf } from './answer.ts';
import { createHttpExchange, type HttpAnswer } from './exchange.ts';
import { networkError } from './network-errors.ts';
import { invalidAnswer, refusalOf } from './refusal.ts';
import { encodeBody, type ContentCoding } from './request-body.ts';

/** The agent's calls to Flynotes. Each is tried once; trying again is the caller's business. */
export interface FlynotesClient {
  licence(request: LicenceRequest, signal: AbortSignal): Promise<LicenceAnswer>;
  beginPass(request: { readonly reason: PassFigures['reason'] }, signal: AbortSignal): Promise<BulkPassAnswer>;
  /** @param body - a batch of the contract as JSON in UTF-8; it must not change before the answer is there */
  sendBatch(
    passId: string,
    body: Uint8Array<ArrayBuffer>,
    options: BatchSending,
    signal: AbortSignal,
  ): Promise<BatchAnswer>;
  completePass(passId: string, request: CompleteRequest, signal: AbortSignal): Promise<CompleteAnswer>;
  putPatient(patientCode: number, upload: PatientUpload, signal: AbortSignal): Promise<PatientUploadAnswer>;
  commandResult(result: CommandResult, signal: AbortSignal): Promise<void>;
  heartbeat(heartbeat: Heartbeat, signal: AbortSignal): Promise<void>;
  /** Bytes of request bodies sent so far. */
  sentBytes(): number;
}

/** How a batch is sent. */
export interface BatchSending {
  readonly idempotencyKey: string;
}

/** How long each call may take, in milliseconds, body included. */
export interface FlynotesTimeouts {
  readonly licenceMs: number;
  readonly beginPassMs: number;
  readonly batchMs: number;
  readonly completeMs: number;
  readonly patientMs: number;
  readonly reportMs: number;
}

/** @see {@link FlynotesTimeouts} */
export const flynotesTimeouts: FlynotesTimeouts = {
  licenceMs: 20_000,
  beginPassMs: 20_000,
  batchMs: 60_000,
  completeMs: 120_000,
  patientMs: 20_000,
  reportMs: 10_000,
};

/** Options of {@link createFlynotesClient}. */
export interface FlynotesOptions {
  /** Where Flynotes is: `https://flynotes.example.com`, with or without a path below which it lives. */
  readonly baseUrl: string;
  readonly licenceKey: string;
  readonly timeouts?: Partial<FlynotesTimeouts>;
  /** How long an answer may be; 4 MiB unless told otherwise. */
  readonly answerBytesMost?: number;
}

interface Call<Answer> {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly answer: z.ZodType<Answer>;
  /** What travels as JSON, or that JSON. */
  readonly body: unknown;
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly invalidCode?: 'LICENCE_ANSWER_INVALID';
}

/**
 * Speaks to Flynotes over connections that are kept, and by the proxy that the process was given.
 * @throws AgentError from each call: FLYNOTES_UNREACHABLE, FLYNOTES_TIMEOUT, FLYNOTES_UNAVAILABLE, FLYNOTES_ANSWER_INVALID,
 * LICENCE_UNKNOWN, LICENCE_SUSPENDED, AGENT_TOO_OLD, FLYNOTES_REFUSED, or a code of the error table that Flynotes gave
 */
export function createFlynotesClient(deps: { readonly clock: Clock }, options: FlynotesOptions): FlynotesClient {
  const timeouts = { ...flynotesTimeouts, ...options.timeouts };
  const base = new URL(options.baseUrl.endsWith('/') ? options.baseUrl : `${options.baseUrl}/`);
  const answerBytesMost = options.answerBytesMost ?? 4_194_304;
  const send = createHttpExchange(deps.clock);
  let sentBytes = 0;
  // gzip is always understood; each pass tells whether zstd is.
  let coding: ContentCoding = 'gzip';

  async function exchange(call: Call<unknown>, signal: AbortSignal): Promise<HttpAnswer> {
    const body = await encodeBody(call.body, coding);
    const headers: Record<string, string> = {
      authorization: `Bearer ${options.licenceKey}`,
      'content-type': 'application/json',
      accept: 'application/json, application/problem+json',
      ...(body.coding ? { 'content-encoding': body.coding } : {}),
      ...call.headers,
    };
    const url = new URL(call.path.replace(/^\//, ''), base);
    const timeout = AbortSignal.timeout(call.timeoutMs);
    try {
      const answer = await send(
        { method: call.method, url, headers, body: body.bytes, answerBytesMost },
        AbortSignal.any([signal, timeout]),
      );
      sentBytes += body.bytes.byteLength;
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (isAgentError(error)) throw error;
      if (timeout.aborted) {
        throw new AgentError('FLYNOTES_TIMEOUT', {
          cause: error,
          details: { host: base.host, timeoutMs: call.timeoutMs },
        });
      }
      throw networkError(error, base.host);
    }
  }

  async function ask<Answer>(call: Call<Answer>, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const answer = await exchange(call, signal);
    // A proxy that wants a password of us: Flynotes has heard nothing.
    if (answer.status === 407) throw networkError(undefined, base.host);
    if (answer.status < 200 || answer.status > 299) throw refusalOf(answer, deps.clock.now());
    const parsed = call.answer.safeParse(answer.text === '' ? {} : jsonOf(answer.text));
    if (parsed.success) return parsed.data;
    const paths = parsed.error.issues.map((issue) => issue.path.slice(0, 2).join('.'));
    throw invalidAnswer(call.invalidCode ?? 'FLYNOTES_ANSWER_INVALID', paths);
  }

  return {
    licence: (body, signal) =>
      ask(
        { ...agentCalls.licence, body, timeoutMs: timeouts.licenceMs, invalidCode: 'LICENCE_ANSWER_INVALID' },
        signal,
      ),
    async beginPass(body, signal) {
      const answer = await ask({ ...agentCalls.beginPass, body, timeoutMs: timeouts.beginPassMs }, signal);
      coding = answer.contentCodings.includes('zstd') ? 'zstd' : 'gzip';
      return answer;
    },
    sendBatch: (passId, body, { idempotencyKey }, signal) =>
      ask(
        {
          ...agentCalls.sendBatch,
          path: agentCalls.sendBatch.path.replace('{passId}', encodeURIComponent(passId)),
          body,
          timeoutMs: timeouts.batchMs,
          headers: { 'idempotency-key': idempotencyKey },
        },
        signal,
      ),
    completePass: (passId, body, signal) =>
      ask(
        {
          ...agentCalls.completePass,
          path: agentCalls.completePass.path.replace('{passId}', encodeURIComponent(passId)),
          body,
          timeoutMs: timeouts.completeMs,
        },
        signal,
      ),
    putPatient: (patientCode, body, signal) =>
      ask(
        {
          ...agentCalls.putPatient,
          path: agentCalls.putPatient.path.replace('{patientCode}', String(patientCode)),
          body,
          timeoutMs: timeouts.patientMs,
        },
        signal,
      ),
    async commandResult(body, signal) {
      await ask({ ...agentCalls.commandResult, body, timeoutMs: timeouts.reportMs }, signal);
    },
    async heartbeat(body, signal) {
      await ask({ ...agentCalls.heartbeat, body, timeoutMs: timeouts.reportMs }, signal);
    },
    sentBytes: () => sentBytes,
  };
}
