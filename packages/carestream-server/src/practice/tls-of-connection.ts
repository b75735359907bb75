import { isAgentError } from '../runtime/index.ts';
import type { DatabaseTarget } from './database-config.ts';
import type { SqlConnection } from './sql-connection.ts';
import { connectionStatement } from './statements.ts';
import { offeredTls, type TlsOffer } from './tls-offer.ts';

const queryMs = 5_000;
const probeMs = 2_000;

/**
 * Which TLS a connection lives with. TCP drivers know; ODBC drivers do not tell, so that SQL Server is asked how it is reached
 * (which needs no right), and then, by a beginning of a connection of our own, which TLS it speaks.
 * @throws the signal's reason
 */
export async function tlsOfConnection(connection: SqlConnection, signal: AbortSignal): Promise<TlsOffer> {
  const { tls, target } = connection;
  if (tls !== 'unknown' || target?.driver !== 'odbc') return tls;
  if (!target.encrypted) return 'none';
  const place = await placeOf(connection, target, signal);
  if (place === 'local') return 'none';
  return place === undefined ? 'unknown' : offeredTls(place, probeMs, signal);
}

type Place = { readonly host: string; readonly port: number } | 'local' | undefined;

/** `local`: over shared memory, which never leaves the machine. */
async function placeOf(
  connection: SqlConnection,
  { place }: Extract<DatabaseTarget, { driver: 'odbc' }>,
  signal: AbortSignal,
): Promise<Place> {
  let row: readonly unknown[] | undefined;
  try {
    [row] = (await connection.query({ text: connectionStatement, timeoutMs: queryMs }, signal))[0] ?? [];
  } catch (error) {
    signal.throwIfAborted();
    // SQL Server 2005 does not know the function; then what was written must do.
    if (!isAgentError(error)) throw error;
  }
  const [transport, address, toldPort] = row ?? [];
  if (transport === 'Shared memory') return 'local';
  if (typeof transport === 'string' && transport !== 'TCP') return undefined;
  const host = place?.host ?? (typeof address === 'string' ? address : undefined);
  // A port that was written is the one that leads there, whatever the server's own is.
  const port = place?.port ?? (typeof toldPort === 'number' ? toldPort : undefined);
  return host === undefined || port === undefined ? undefined : { host, port };
}
