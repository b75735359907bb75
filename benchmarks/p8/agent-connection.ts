import http from 'node:http';

/** A call with its answer's JSON. */
export type Call = <Answer>(path: string, token: string, body: string | Uint8Array) => Promise<Answer>;

/** Connections that stay, through node:http as the agent's own are; whoever posts in its place costs no more than the agent does. */
export const createAgentConnection = (url: string, connections = 1): Call & Disposable => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const call: Call = (path, token, body) =>
    new Promise((resolve, reject) => {
      const request = http.request(url + path, {
        method: 'POST',
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...(typeof body === 'string' ? {} : { 'content-encoding': 'zstd' }),
        },
      });
      request.once('error', reject);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.once('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${path} answered ${response.statusCode}: ${text}`));
        });
      });
      request.end(body);
    });
  return Object.assign(call, { [Symbol.dispose]: () => agent.destroy() });
};
