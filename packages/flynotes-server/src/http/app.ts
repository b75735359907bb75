import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import compress from '@fastify/compress';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Problem } from '@flynotes/carestream-server/api';
import { serveDocs } from './docs.ts';
import { readJsonBodies } from './json-body.ts';
import { problemOf } from './problem.ts';
import { problemOfError } from './problem-of-error.ts';
import { addSecurityHeaders } from './security-headers.ts';

/** One line about a request: nothing in it comes from a body, a query or a concrete address. */
export interface RequestLine {
  readonly method: string;
  /** The route's pattern, such as `/v1/patients/:patientCode`; null where none matched. */
  readonly route: string | null;
  readonly status: number;
  readonly elapsedMs: number;
  readonly code?: string;
  /** Of a failure inside: kind and place, never its message. */
  readonly failure?: { readonly name: string; readonly code: string | null; readonly frames: readonly string[] };
}

/** Bodies up to this size are read unless a route says otherwise. */
const bodyBytesMost = 256 * 1024;

/**
 * How long a silent connection is kept: longer than the minute between two heartbeats, so that a patient-sync after hours of silence
 * finds one open. A load balancer in front must be as patient.
 */
const silenceMostMs = 90_000;

/** What a decoder hands over at once: with its 16 KiB by default, a batch goes to a thread and back two dozen times. */
const decodedChunk = { chunkSize: 256 * 1024 };
const wideDecompression = {
  createBrotliDecompress: () => createBrotliDecompress(decodedChunk),
  createGunzip: () => createGunzip(decodedChunk),
  createInflate: () => createInflate(decodedChunk),
  createZstdDecompress: () => createZstdDecompress(decodedChunk),
};

/** Routes as this server writes them. */
export type App = ReturnType<typeof typed>;
const typed = (app: FastifyInstance) => app.withTypeProvider<ZodTypeProvider>();

/** The HTTP side without its routes: JSON in any coding, schemas, problems for every error, docs. */
export async function createApp(options: {
  log(line: RequestLine): void;
  /** Another address that the console's page may call. */
  connectTo: string | null;
}): Promise<App> {
  const problems = new WeakMap<FastifyRequest, { problem: Problem; error: unknown }>();
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytesMost,
    requestTimeout: 120_000,
    keepAliveTimeout: silenceMostMs,
    http: { headersTimeout: 20_000 },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, _request, reply) => {
      reply.hijack();
      const problem = problemOfError(error);
      reply.raw.writeHead(problem.status, {
        'content-type': 'application/problem+json',
        'x-content-type-options': 'nosniff',
      });
      reply.raw.end(JSON.stringify(problem));
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return;
      const [status, reason, detail] = unreadable[error.code] ?? [
        400,
        'Bad Request',
        'This is not HTTP that can be read.',
      ];
      const body = JSON.stringify(problemOf('REQUEST_INVALID', { status, detail }));
      socket.end(
        `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  addSecurityHeaders(app, options.connectTo);
  readJsonBodies(app);
  // Answers are small and events must not wait in a compressor: only requests are (de)compressed.
  await app.register(compress, { global: false, globalDecompression: true, zlib: wideDecompression });
  await serveDocs(app);

  app.setErrorHandler((error, request, reply) => {
    const problem = problemOfError(error);
    problems.set(request, { problem, error });
    if (problem.status === 413) dropBody(request, reply);
    if (problem.retryAfterMs !== undefined) void reply.header('retry-after', Math.ceil(problem.retryAfterMs / 1000));
    return reply
      .code(problem.status)
      .type('application/problem+json')
      .send(Buffer.from(JSON.stringify(problem)));
  });
  app.setNotFoundHandler((_request, reply) => {
    const problem = problemOf('NOT_FOUND', { detail: 'There is nothing at this address.' });
    return reply
      .code(404)
      .type('application/problem+json')
      .send(Buffer.from(JSON.stringify(problem)));
  });
  app.addHook('onResponse', async (request, reply) => {
    const met = problems.get(request);
    options.log({
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      elapsedMs: Math.round(reply.elapsedTime * 10) / 10,
      ...(met === undefined ? {} : { code: met.problem.code }),
      ...(met !== undefined && met.problem.status >= 500 ? { failure: failureOf(met.error) } : {}),
    });
  });
  return typed(app);
}

/** What Node.js says of requests that it could not read to their end. */
const unreadable: Record<string, readonly [number, string, string] | undefined> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request did not come to its end in time.'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'The headers are too large.'],
};

/** How long a sender may go on with a body that is not wanted, so that it can finish and read why. */
const lingerMs = 2_000;

/** No byte more of an oversized body is decompressed or kept; a sender that does not stop by itself is cut off. */
function dropBody(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('connection', 'close');
  request.raw.unpipe();
  request.raw.resume();
  const cutOff = setTimeout(() => request.raw.destroy(), lingerMs);
  cutOff.unref();
  request.raw.once('close', () => clearTimeout(cutOff));
}

function failureOf(error: unknown): NonNullable<RequestLine['failure']> {
  const {
    name = 'Error',
    code,
    stack = '',
    cause,
  } = error as { name?: string; code?: unknown; stack?: string; cause?: unknown };
  const inner = cause as { name?: string; code?: unknown } | undefined;
  const told = code ?? inner?.code ?? inner?.name;
  return {
    name,
    code: typeof told === 'string' ? told : null,
    frames: stack
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 6)
      .map((line) => line.trim()),
  };
}
