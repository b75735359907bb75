import { Connection, Request } from 'tedious';
import type { ConnectionConfiguration, TYPES } from 'tedious';

export interface TediousParameter {
  readonly name: string;
  readonly type: (typeof TYPES)[keyof typeof TYPES];
  readonly value: unknown;
  readonly options?: object;
  readonly output?: boolean;
}

export interface Answer {
  /** Rows of each result set. */
  readonly sets: unknown[][][];
  readonly outputs: Record<string, unknown>;
  readonly error: (Error & { number?: number; code?: string }) | undefined;
  readonly rowCount: number | undefined;
}

export interface TediousClient {
  readonly connection: Connection;
  /** Numbers of the errors the server sent, in order. */
  readonly errorNumbers: number[];
  query(text: string, parameters?: readonly TediousParameter[]): Promise<Answer>;
  /** The text as a plain batch. */
  batch(text: string): Promise<Answer>;
  run(send: (request: Request) => void, request?: { text: string; onRow?: (count: number) => void }): Promise<Answer>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TediousOptions {
  readonly port: number;
  readonly password?: string;
  readonly options?: ConnectionConfiguration['options'];
}

/** Logs in through tedious as `sa`; rejects with its error. */
export async function connectTedious({ port, password = 'secret£', options }: TediousOptions): Promise<TediousClient> {
  const connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options: { userName: 'sa', password } },
    options: {
      port,
      encrypt: false,
      trustServerCertificate: true,
      database: 'sys2000',
      connectTimeout: 5000,
      requestTimeout: 15_000,
      maxRetriesOnTransientErrors: 0,
      ...options,
    },
  });
  const errorNumbers: number[] = [];
  connection.on('errorMessage', (message) => errorNumbers.push(message.number));
  connection.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => {
      if (error) reject(Object.assign(error, { errorNumbers }));
      else resolve();
    });
  });

  const run: TediousClient['run'] = (send, { text, onRow } = { text: '' }) =>
    new Promise((resolve) => {
      const sets: unknown[][][] = [];
      const outputs: Record<string, unknown> = {};
      let rows = 0;
      const request = new Request(text, (error, rowCount) =>
        resolve({ sets, outputs, error: error ?? undefined, rowCount }),
      );
      request.on('columnMetadata', () => sets.push([]));
      request.on('row', (columns: { value: unknown }[]) => {
        sets.at(-1)!.push(columns.map((column) => column.value));
        rows += 1;
        onRow?.(rows);
      });
      request.on('returnValue', (name: string, value: unknown) => {
        outputs[name] = value;
      });
      send(request);
    });

  return {
    connection,
    errorNumbers,
    run,
    query: (text, parameters = []) =>
      run(
        (request) => {
          for (const { name, type, value, options: typeOptions, output } of parameters) {
            if (output === true) request.addOutputParameter(name, type, value, typeOptions);
            else request.addParameter(name, type, value, typeOptions);
          }
          connection.execSql(request);
        },
        { text },
      ),
    batch: (text) => run((request) => connection.execSqlBatch(request), { text }),
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => connection.once('end', resolve));
      connection.close();
      await ended;
    },
  };
}
