import path from 'node:path';
import { startChild } from './child-process.ts';
import type { DialectName } from './r4-server/practice/index.ts';

/** Which R4 is served. */
export interface R4ProcessOptions {
  readonly port: number;
  readonly patients: number;
  readonly seed: number;
  readonly dialect: DialectName;
}

/** The R4 simulator in its own process. */
export interface R4Process extends AsyncDisposable {
  readonly port: number;
  /** Adds a fault, as the simulator's `--fault` takes it. */
  addFault(fault: object): Promise<void>;
  clearFaults(): Promise<void>;
}

/** A million patients take their time. */
const readyWithinMs = 180_000;

/** Starts the simulator; resolves when it listens. */
export async function startR4(options: R4ProcessOptions): Promise<R4Process> {
  let port = options.port;
  let answered: ((reply: { event?: unknown; reason?: unknown }) => void) | undefined;
  const part = await startChild({
    name: 'The R4 simulator',
    script: path.join(import.meta.dirname, 'r4-server/main.ts'),
    words: [
      `--port=${options.port}`,
      `--patients=${options.patients}`,
      `--seed=${options.seed}`,
      `--dialect=${options.dialect}`,
      '--until-stdin-closes',
    ],
    readyWithinMs,
    onLine: (line) => {
      const event = parse(line);
      if (event.event === 'listening' && typeof event.port === 'number') {
        port = event.port;
        return true;
      }
      answered?.(event);
      return false;
    },
  });
  /** One command; it takes effect before the next statement is read, which its answer proves. */
  async function command(body: object): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<{ event?: unknown; reason?: unknown }>();
    answered = resolve;
    part.process.stdin?.write(`${JSON.stringify(body)}\n`);
    const reply = await promise;
    answered = undefined;
    if (reply.event !== 'done') throw new Error(`The R4 simulator refused a command: ${String(reply.reason)}`);
  }
  return {
    port,
    addFault: (fault) => command({ fault }),
    clearFaults: () => command({ clearFaults: true }),
    [Symbol.asyncDispose]: () => part[Symbol.asyncDispose](),
  };
}

function parse(line: string): { event?: unknown; port?: unknown; reason?: unknown } {
  try {
    return JSON.parse(line) as { event?: unknown; port?: unknown; reason?: unknown };
  } catch {
    return {};
  }
}
