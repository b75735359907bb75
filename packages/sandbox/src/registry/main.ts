import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runServer } from 'verdaccio';

/** The process of the private registry: `node main.ts --folder DIR [--port N]`. Says `ready PORT` on standard output. */
const { values } = parseArgs({
  options: { folder: { type: 'string' }, port: { type: 'string', default: '0' } },
});
const folder = values.folder ?? '.';
mkdirSync(folder, { recursive: true });

const server = (await runServer({
  // Where relative paths are looked up; nothing is read from it.
  configPath: path.join(folder, 'config.yaml'),
  self_path: path.join(folder, 'config.yaml'),
  storage: path.join(folder, 'storage'),
  auth: { htpasswd: { file: path.join(folder, 'htpasswd'), max_users: 20 } },
  // No other registry stands behind this one: what is not here is nowhere.
  uplinks: {},
  packages: {
    '@flynotes/*': { access: 'agent publisher', publish: 'publisher', unpublish: 'publisher' },
    '**': { access: 'nobody', publish: 'nobody' },
  },
  security: { api: { legacy: false, jwt: { sign: { expiresIn: '60d' } } } },
  max_body_size: '200mb',
  server: { keepAliveTimeout: 60 },
  web: { enable: false },
  log: { type: 'stdout', format: 'json', level: 'fatal' },
} as unknown as Parameters<typeof runServer>[0])) as Server;
server.listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`ready ${(server.address() as AddressInfo).port}\n`);
});

const stop = (): void => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
// Whoever started this process and is gone closes its end of the pipe.
process.stdin.once('end', stop).resume();
