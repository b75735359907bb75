import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { SecureContext } from 'node:tls';
import type { SqlEngine, SqlSession } from '../engine.ts';
import { SqlServerError } from '../engine.ts';
import { writeBytes } from './byte-writer.ts';
import type { CodePages } from './code-page.ts';
import type { Faults } from './faults.ts';
import { answerLogin, refuseVersion } from './login.ts';
import { negotiatePacketSize, parseLogin7 } from './login7.ts';
import { DEFAULTS, encryptionPolicy } from './options.ts';
import type { TdsEvent, TdsServerOptions } from './options.ts';
import { createMessageReader, PACKET, STATUS } from './packet.ts';
import type { Message } from './packet.ts';
import { agreeEncryption, parsePrelogin, writePrelogin } from './prelogin.ts';
import type { EncryptionAgreement } from './prelogin.ts';
import { ProtocolError } from './protocol-error.ts';
import { createReply } from './reply.ts';
import { createRequestRunner } from './request-runner.ts';
import type { RequestEnd, RequestRunner } from './request-runner.ts';
import { negotiateVersion, V73B } from './tds-version.ts';
import { DONE, TOKEN_TYPE, writeDone } from './tokens.ts';
import { createTransport } from './transport.ts';
import type { TypeContext } from './types/resolve.ts';

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly engine: SqlEngine;
  readonly faults: Faults;
  readonly codePages: CodePages;
  readonly options: TdsServerOptions;
  readonly secureContext: SecureContext | undefined;
  readonly report: (event: TdsEvent) => void;
}

/** Requests a client may send ahead of its answers. Clients of this protocol wait, so more is not meant well. */
const MOST_WAITING = 4;
const LARGEST_LOGIN_BYTES = 131_072;

type Phase = 'prelogin' | 'login' | 'ready' | 'closed';

/** Serves one client from its first byte to its last. Nothing it sends reaches beyond this connection. */
export function serveConnection(socket: Socket, connectionId: number, context: ConnectionContext): { close(): void } {
  const { engine, faults, options, report } = context;
  const gone = new AbortController();
  const waiting: Message[] = [];
  let phase: Phase = 'prelogin';
  let working = false;
  let silent = false;
  let agreement: EncryptionAgreement = { answer: 2, scope: 'none' };
  let session: SqlSession | undefined;
  let runner: RequestRunner | undefined;
  let types: TypeContext = { version: V73B, collation: engine.collation, codePages: context.codePages };
  /** Of the request being answered. */
  let interruption: AbortController | undefined;
  let attentions = 0;

  const transport = createTransport(socket, {
    onBytes: (chunk) => guard(() => reader.push(chunk)),
    onFailure: (error) => abandon(error),
  });
  const reply = createReply(transport, connectionId);
  const reader = createMessageReader({
    maxMessageBytes: () =>
      phase === 'ready' ? (options.maxRequestBytes ?? DEFAULTS.maxRequestBytes) : LARGEST_LOGIN_BYTES,
    onMessage: (message) => accept(message),
  });
  const loginTimer = setTimeout(() => close(), options.loginTimeoutMs ?? DEFAULTS.loginTimeoutMs);
  loginTimer.unref();

  const close = (): void => {
    if (phase === 'closed') return;
    phase = 'closed';
    clearTimeout(loginTimer);
    waiting.length = 0;
    gone.abort();
    interruption?.abort();
    transport.destroy();
    // A statement that is still running has to let go of the session first.
    if (!working) closeSession();
    report({ kind: 'closed', connectionId });
  };

  const closeSession = (): void => {
    const open = session;
    session = undefined;
    try {
      open?.close();
    } catch (error) {
      report({ kind: 'internal-error', connectionId, error });
    }
  };

  const abandon = (error: unknown): void => {
    if (phase === 'closed') return;
    if (error instanceof ProtocolError) report({ kind: 'protocol-error', connectionId, message: error.message });
    else if (!isConnectionError(error)) report({ kind: 'internal-error', connectionId, error });
    close();
  };

  const isSilent = (): boolean => silent;
  const isClosed = (): boolean => phase === 'closed';

  const guard = (step: () => void): void => {
    if (phase === 'closed') return;
    try {
      step();
    } catch (error) {
      abandon(error);
    }
  };

  const accept = (message: Message): void => {
    if (silent || phase === 'closed') return;
    if (message.type === PACKET.attention) {
      if (phase !== 'ready') throw new ProtocolError('an attention before login');
      attentions += 1;
      interruption?.abort();
      if (!working) void work();
      return;
    }
    if (waiting.length >= MOST_WAITING) throw new ProtocolError('too many requests at once');
    waiting.push(message);
    if (!working) void work();
  };

  const work = async (): Promise<void> => {
    working = true;
    try {
      for (;;) {
        // After whatever was being answered, as a message of its own: clients wait for exactly one.
        while (attentions > 0) {
          if (isSilent()) return;
          attentions -= 1;
          writeDone(reply.out, { type: TOKEN_TYPE.done, status: DONE.attention }, types.version);
          await reply.end();
        }
        const message = waiting.shift();
        if (message === undefined) break;
        await answer(message);
        if (isClosed()) return;
      }
    } catch (error) {
      abandon(error);
    } finally {
      working = false;
      if (isClosed()) closeSession();
    }
  };

  const answer = async (message: Message): Promise<void> => {
    if (phase === 'prelogin' && message.type === PACKET.prelogin) await answerPrelogin(message);
    else if ((phase === 'prelogin' || phase === 'login') && message.type === PACKET.login7) await answerLogin7(message);
    else if (phase === 'ready') await answerRequest(message);
    else throw new ProtocolError(`packet type 0x${message.type.toString(16)} during ${phase}`);
  };

  const answerPrelogin = async (message: Message): Promise<void> => {
    const { encryption } = parsePrelogin(message.payload);
    agreement = agreeEncryption(encryptionPolicy(options), encryption);
    const slow = faults.arm(['delay'], (fault) => fault.at === 'connect');
    if (slow?.fire() === true) await pause(slow.fault.delayMs, gone.signal);
    if (isClosed()) return;
    const bytes = writePrelogin(engine.version, agreement.answer);
    writeBytes(reply.out, bytes);
    await reply.end();
    if (isClosed()) return;
    phase = 'login';
    if (agreement.scope !== 'none' && context.secureContext !== undefined) transport.startTls(context.secureContext);
  };

  const answerLogin7 = async (message: Message): Promise<void> => {
    if (phase === 'prelogin' && options.forceEncryption === true) throw new ProtocolError('a login without encryption');
    const login = parseLogin7(message.payload);
    if (agreement.scope === 'login-only') transport.dropTls();
    const encrypted = agreement.scope === 'whole-connection';
    const version = negotiateVersion(login.tdsVersion);
    types = { ...types, version: version ?? V73B };
    const packetBytes = negotiatePacketSize(login.packetSize, encrypted);
    const { localAddress, localPort } = socket;
    const local =
      localAddress === undefined || localPort === undefined ? undefined : { address: localAddress, port: localPort };
    const loginContext = { engine, faults, reply, types, encrypted, local };
    const result =
      version === undefined
        ? { refused: refuseVersion(loginContext, V73B) }
        : answerLogin(login, packetBytes, loginContext);
    if ('refused' in result) {
      report({ kind: 'login-failed', connectionId, user: login.user, number: result.refused.number });
      await finish();
      return;
    }
    ({ session } = result);
    runner = createRequestRunner({ engine, session, faults, reply, types, connectionId, report });
    const { database } = session;
    await reply.end();
    if (isClosed()) return;
    reply.packetBytes = packetBytes;
    phase = 'ready';
    clearTimeout(loginTimer);
    const { user, applicationName, hostName } = login;
    report({
      kind: 'login',
      connectionId,
      user,
      database,
      applicationName,
      hostName,
      tdsVersion: types.version.name,
      encryption: agreement.scope,
    });
  };

  const answerRequest = async (message: Message): Promise<void> => {
    if (message.type !== PACKET.batch && message.type !== PACKET.rpc && message.type !== PACKET.transaction) {
      throw new ProtocolError(`packet type 0x${message.type.toString(16)} after login`);
    }
    if ((message.status & STATUS.ignore) !== 0) {
      // The client changed its mind while sending; it still waits for an answer.
      writeDone(reply.out, { type: TOKEN_TYPE.done, status: DONE.final }, types.version);
      await reply.end();
      return;
    }
    interruption = new AbortController();
    const { signal } = interruption;
    if ((message.status & (STATUS.resetConnection | STATUS.resetKeepTransaction)) !== 0) runner!.reset();
    const end = await runner!.run(message, signal);
    interruption = undefined;
    await endAs(end);
  };

  const endAs = async (end: RequestEnd): Promise<void> => {
    if (end === 'silent') {
      silent = true;
      return;
    }
    if (end === 'cut') {
      await reply.spill();
      await finishSocket();
      return;
    }
    await reply.end();
    if (end === 'close') await finishSocket();
  };

  const finish = async (): Promise<void> => {
    await reply.end();
    await finishSocket();
  };

  /** Lets what was written arrive, then closes. */
  const finishSocket = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      const settle = (): void => resolve();
      socket.once('close', settle);
      transport.finish(settle);
    });
    close();
  };

  socket.on('error', abandon);
  socket.on('close', close);
  report({ kind: 'connected', connectionId, remoteAddress: socket.remoteAddress ?? '' });
  return { close };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

function isConnectionError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof SqlServerError) && 'code' in error;
}
