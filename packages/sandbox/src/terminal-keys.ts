import { emitKeypressEvents } from 'node:readline';
import type { MessageInput } from '@flynotes/carestream-server/messages';
import type { Sandbox } from './sandbox.ts';
import { offer } from './updates/updates.ts';

/** What a key does, and the words for it. */
interface KeyAction {
  readonly what: string;
  readonly act: (sandbox: Sandbox) => Promise<string>;
}

const send = (type: Exclude<MessageInput['type'], 'patient-sync'>): KeyAction => ({
  what: type,
  act: async ({ operator }) => `sent ${type}: ${await operator.send({ type })}`,
});

const actions: Readonly<Record<string, KeyAction>> = {
  p: {
    what: 'patient-sync of a patient with history',
    act: async ({ operator, reception }) => {
      const [patientCode = 0] = await reception.patientsWithHistory(1);
      return `sent patient-sync ${patientCode}: ${await operator.send({ type: 'patient-sync', patientCode })}`;
    },
  },
  w: {
    what: 'a walk-in: type a patient into R4, then bulk-upload-patients',
    act: async ({ operator, reception }) => {
      const patientCode = await reception.addPatient({ forename: 'Walk', surname: 'Inn-Example', sex: 'F' });
      return `typed patient ${patientCode} into R4; sent ${await operator.send({ type: 'bulk-upload-patients' })}`;
    },
  },
  b: send('bulk-upload-patients'),
  t: send('test'),
  u: send('questionnaire-questions-upload'),
  a: send('questionnaire-answers-upload'),
  r: send('restart'),
  e: {
    what: 'expire the queue’s credentials',
    act: ({ sqs }) => Promise.resolve(`${sqs.expireAll()} credentials expired`),
  },
  k: {
    what: 'kill -9 the agent',
    act: ({ agent }) => {
      agent.kill();
      return Promise.resolve('killed; the supervisor starts it again');
    },
  },
};

/** Publishes the next version, has it dictated, and the agent look at once. */
const releaseNext = ({ updates, operator }: Sandbox): (() => Promise<string>) => {
  let minor = 1;
  return async () => {
    if (updates === null) return 'this sandbox was started without --updates';
    minor += 1;
    const release = updates.kit.genuine(`0.${minor}.0`);
    await offer({ registry: updates.registry, operator }, release);
    await operator.pinVersion(release.version);
    await operator.send({ type: 'restart' });
    return `${release.version} is published, signed and dictated`;
  };
};

/** Follows keys of the terminal until q, Ctrl-C or a signal; without a terminal, until a signal. */
export function listenForKeys(sandbox: Sandbox, say: (line: string) => void): Promise<void> {
  const input = process.stdin;
  const next = releaseNext(sandbox);
  const keys: typeof actions =
    sandbox.updates === null ? actions : { ...actions, v: { what: 'release a new version of the agent', act: next } };
  if (input.isTTY) {
    for (const [key, { what }] of Object.entries(keys)) say(`  ${key}  ${what}`);
    say('  q  quit');
    emitKeypressEvents(input);
    input.setRawMode(true);
    input.resume();
  }
  return new Promise((resolve) => {
    const stop = (): void => {
      if (input.isTTY) input.setRawMode(false);
      input.pause();
      resolve();
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    if (!input.isTTY) return;
    input.on('keypress', (_text: string | undefined, key: { name?: string; ctrl?: boolean }) => {
      if (key.name === 'q' || (key.ctrl === true && key.name === 'c')) return stop();
      const action = keys[key.name ?? ''];
      if (!action) return;
      action.act(sandbox).then(say, (error: unknown) => say(error instanceof Error ? error.message : String(error)));
    });
  });
}
