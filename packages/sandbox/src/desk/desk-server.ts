import fastify, { type FastifyInstance } from 'fastify';
import * as z from 'zod';
import { formFields, type PatientForm, type Reception } from './reception.ts';

/** What the desk can do beside typing into R4. */
export interface DeskActions {
  /** Marks the queue's credentials as expired. */
  expireCredentials(): void;
  /** `kill -9` of the agent. */
  killAgent(): void;
}

/** What the live page shows beside what Flynotes knows. */
export interface DeskState {
  readonly dialect: string;
  readonly agent: { readonly pid: number | null; readonly starts: number; readonly exits: readonly unknown[] };
  readonly rollbar: { readonly items: number; readonly bytes: number };
  readonly queue: { readonly accepted: number; readonly refused: number };
}

/** Parts of {@link startDesk}. */
export interface DeskDeps {
  readonly reception: Reception;
  readonly actions: DeskActions;
  state(): DeskState;
  /** Rollbar's latest items, newest last. */
  rollbarItems(): readonly unknown[];
}

/** The running desk. */
export interface Desk extends AsyncDisposable {
  readonly url: string;
  /** Tells every open page that something happened. */
  readonly announce: (event: 'rollbar-item' | 'agent' | 'r4', data: unknown) => void;
}

const text = z.string().max(200);
const formSchema = z
  .strictObject(
    Object.fromEntries(formFields.map((field) => [field, text.optional()])) as Record<
      keyof PatientForm,
      z.ZodOptional<z.ZodString>
    >,
  )
  .extend({
    sex: z.enum(['M', 'F', 'U', '']).optional(),
    dateOfBirth: z.union([z.iso.date(), z.literal('')]).optional(),
  });
const codeSchema = z.coerce.number().int().min(1).max(2_147_483_647);

/** Problems are told in plain words, as everywhere else. */
class DeskProblem extends Error {
  readonly statusCode: number;
  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/**
 * The practice's reception desk: what the live page's form types into R4, and what only this machine knows (the agent's
 * process, Rollbar's sink). Binds to loopback; answers only pages of `allowedOrigin`.
 */
export async function startDesk(deps: DeskDeps, options: { port: number; allowedOrigin: string }): Promise<Desk> {
  const app: FastifyInstance = fastify({ logger: false, bodyLimit: 65_536 });
  const streams = new Set<NodeJS.WritableStream>();

  app.addHook('onRequest', async (request, reply) => {
    const origin = request.headers.origin;
    if (origin !== undefined && origin !== options.allowedOrigin) {
      throw new DeskProblem(403, 'This desk answers the sandbox’s own page alone.');
    }
    void reply.header('access-control-allow-origin', options.allowedOrigin);
    void reply.header('access-control-allow-headers', 'content-type');
    void reply.header('access-control-allow-methods', 'GET, POST, PUT, DELETE');
  });
  app.setErrorHandler((error, _request, reply) => {
    const status =
      error instanceof DeskProblem ? error.statusCode : ((error as { statusCode?: number }).statusCode ?? 500);
    const message = error instanceof Error ? error.message : 'The desk failed.';
    return reply.code(status).send({ message });
  });
  app.options('/*', (_request, reply) => reply.code(204).send());

  app.get('/desk/state', async () => ({ ...deps.state(), patientsInR4: await deps.reception.countPatients() }));
  app.get('/desk/rollbar', () => deps.rollbarItems());
  app.get('/desk/patients-with-history', () => deps.reception.patientsWithHistory(20));

  app.get<{ Params: { code: string } }>('/desk/patients/:code', async (request) => {
    const form = await deps.reception.readPatient(codeOf(request.params.code));
    if (form === null) throw new DeskProblem(404, 'R4 has no such patient.');
    return form;
  });
  app.post('/desk/patients', async (request, reply) => {
    const form = formOf(request.body);
    const patientCode = await deps.reception.addPatient(form);
    announce('r4', { patientCode, kind: 'added' });
    return reply.code(201).send({ patientCode });
  });
  app.put<{ Params: { code: string } }>('/desk/patients/:code', async (request) => {
    const patientCode = codeOf(request.params.code);
    if (!(await deps.reception.editPatient(patientCode, formOf(request.body)))) {
      throw new DeskProblem(404, 'R4 has no such patient.');
    }
    announce('r4', { patientCode, kind: 'edited' });
    return { patientCode };
  });

  app.post('/desk/actions/expire-credentials', () => {
    deps.actions.expireCredentials();
    return {};
  });
  app.post('/desk/actions/kill-agent', () => {
    deps.actions.killAgent();
    return {};
  });

  app.get('/desk/events', (request, reply) => {
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'access-control-allow-origin': options.allowedOrigin,
    });
    stream.write(': open\n\n');
    streams.add(stream);
    request.raw.once('close', () => streams.delete(stream));
  });

  function announce(event: string, data: unknown): void {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  const url = await app.listen({ host: '127.0.0.1', port: options.port });
  return {
    url,
    announce,
    async [Symbol.asyncDispose]() {
      for (const stream of streams) stream.end();
      await app.close();
    },
  };
}

function codeOf(value: string): number {
  const parsed = codeSchema.safeParse(value);
  if (!parsed.success) throw new DeskProblem(400, 'A patient number is a whole number from 1 to 2147483647.');
  return parsed.data;
}

function formOf(body: unknown): PatientForm {
  const parsed = formSchema.safeParse(body);
  if (parsed.success) return parsed.data as PatientForm;
  const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the form'))];
  throw new DeskProblem(400, `Not to be typed into R4 like this: ${fields.join(', ')}.`);
}
