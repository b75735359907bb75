import type * as z from 'zod';
import {
  agentCalls,
  type BatchAnswer,
  type BatchRequest,
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
import { jsonOf, readBounded } from './answer.ts';
import { networkError } from './network-errors.ts';
import { invalidAnswer, refusalOf } from './refusal.ts';
import { encodeBody, type ContentCoding } from './request-body.ts';

/** The agent's calls to Flynotes. Each is tried once; trying again is the caller's business. */
export interface FlynotesClient {
  licence(request: LicenceRequest, signal: AbortSignal): Promise<LicenceAnswer>;
  beginPass(request: { readonly reason: PassFigures['reason'] }, signal: AbortSignal): Promise<BulkPassAnswer>;
  sendBatch(
    passId: string,
    batch: BatchRequest,
    options: { readonly idempotencyKey: string },
    signal: AbortSignal,
  ): Promise<BatchAnswer>;
  completePass(passId: string, request: CompleteRequest, signal: AbortSignal): Promise<CompleteAnswer>;
  putPatient(patientCode: number, upload: PatientUpload, signal: AbortSignal): Promise<PatientUploadAnswer>;
  commandResult(result: CommandResult, signal: AbortSignal): Promise<void>;
  heartbeat(heartbeat: Heartbeat, signal: AbortSignal): Promise<void>;
  /** Bytes of request bodies sent so far. */
  sentBytes(): number;
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
  readonly body: unknown;
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly invalidCode?: 'LICENCE_ANSWER_INVALID';
}

/**
 * Speaks to Flynotes over the built-in fetch, which keeps connections and follows the proxy that the process was given.
 * @throws AgentError from each call: FLYNOTES_UNREACHABLE, FLYNOTES_TIMEOUT, FLYNOTES_UNAVAILABLE, FLYNOTES_ANSWER_INVALID,
 * LICENCE_UNKNOWN, LICENCE_SUSPENDED, AGENT_TOO_OLD, FLYNOTES_REFUSED, or a code of the error table that Flynotes gave
 */
export function createFlynotesClient(deps: { readonly clock: Clock }, options: FlynotesOptions): FlynotesClient {
  const timeouts = { ...flynotesTimeouts, ...options.timeouts };
  const base = new URL(options.baseUrl.endsWith('/') ? options.baseUrl : `${options.baseUrl}/`);
  const answerBytesMost = options.answerBytesMost ?? 4_194_304;
  let sentBytes = 0;
  // gzip is always understood; each pass tells whether zstd is.
  let coding: ContentCoding = 'gzip';

  async function exchange(call: Call<unknown>, signal: AbortSignal): Promise<{ response: Response; text: string }> {
    const body = await encodeBody(call.body, coding);
    const headers: Record<string, string> = {
      authorization: `Bearer ${options.licenceKey}`,
      'content-type': 'application/json',
      accept: 'application/json, application/problem+json',
      ...(body.coding ? { 'content-encoding': body.coding } : {}),
      ...call.headers,
    };
    const timeout = AbortSignal.timeout(call.timeoutMs);
    try {
      const response = await fetch(new URL(call.path.replace(/^\//, ''), base), {
        method: call.method,
        headers,
        body: body.bytes,
        // Followed, a redirect would hand the licence key to whoever it names.
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      });
      sentBytes += body.bytes.byteLength;
      return { response, text: await readBounded(response, answerBytesMost) };
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

  async function send<Answer>(call: Call<Answer>, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const { response, text } = await exchange(call, signal);
    if (!response.ok) throw refusalOf(response, text, deps.clock.now());
    const parsed = call.answer.safeParse(text === '' ? {} : jsonOf(text));
    if (parsed.success) return parsed.data;
    const paths = parsed.error.issues.map((issue) => issue.path.slice(0, 2).join('.'));
    throw invalidAnswer(call.invalidCode ?? 'FLYNOTES_ANSWER_INVALID', paths);
  }

  return {
    licence: (body, signal) =>
      send(
        { ...agentCalls.licence, body, timeoutMs: timeouts.licenceMs, invalidCode: 'LICENCE_ANSWER_INVALID' },
        signal,
      ),
    async beginPass(body, signal) {
      const answer = await send({ ...agentCalls.beginPass, body, timeoutMs: timeouts.beginPassMs }, signal);
      coding = answer.contentCodings.includes('zstd') ? 'zstd' : 'gzip';
      return answer;
    },
    sendBatch: (passId, body, { idempotencyKey }, signal) =>
      send(
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
      send(
        {
          ...agentCalls.completePass,
          path: agentCalls.completePass.path.replace('{passId}', encodeURIComponent(passId)),
          body,
          timeoutMs: timeouts.completeMs,
        },
        signal,
      ),
    putPatient: (patientCode, body, signal) =>
      send(
        {
          ...agentCalls.putPatient,
          path: agentCalls.putPatient.path.replace('{patientCode}', String(patientCode)),
          body,
          timeoutMs: timeouts.patientMs,
        },
        signal,
      ),
    async commandResult(body, signal) {
      await send({ ...agentCalls.commandResult, body, timeoutMs: timeouts.reportMs }, signal);
    },
    async heartbeat(body, signal) {
      await send({ ...agentCalls.heartbeat, body, timeoutMs: timeouts.reportMs }, signal);
    },
    sentBytes: () => sentBytes,
  };
}
