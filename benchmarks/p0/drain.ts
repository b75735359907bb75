import { Connection, Request } from 'tedious';

/** Runs one statement over raw tedious, looks at every row, keeps none. @returns rows and milliseconds from request to last row */
export const drain = async (
  port: number,
  statement: string,
): Promise<{ rows: number; columns: number; elapsedMs: number }> => {
  const connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options: { userName: 'flynotes_reader', password: 'reader-password' } },
    options: {
      port,
      database: 'sys2000',
      encrypt: false,
      trustServerCertificate: true,
      tdsVersion: '7_3_B',
      requestTimeout: 0,
    },
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
  try {
    return await new Promise((resolve, reject) => {
      let rows = 0;
      let columns = 0;
      const started = performance.now();
      const request = new Request(statement, (error) => {
        if (error === undefined || error === null) resolve({ rows, columns, elapsedMs: performance.now() - started });
        else reject(error);
      });
      request.on('row', (row: readonly unknown[]) => {
        rows += 1;
        columns = row.length;
      });
      connection.execSqlBatch(request);
    });
  } finally {
    const closed = new Promise<void>((resolve) => connection.once('end', () => resolve()));
    connection.close();
    await closed;
  }
};
