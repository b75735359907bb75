import type {
  CommandResult,
  FullRecord,
  BasicRecord,
  Heartbeat,
  PinnedKey,
  SignedEnvelope,
} from '@flynotes/carestream-server/api';
import type { MessageInput } from '@flynotes/carestream-server/messages';

/** A bulk pass as the operator sees it. */
export interface PassView {
  readonly passId: string;
  readonly reason: string;
  readonly status: 'running' | 'equal' | 'failed' | 'expired';
  readonly code: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly batches: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly stale: number;
  readonly removed: number;
  readonly refused: number;
  readonly rounds: number;
  readonly bucketsAsked: number;
  readonly healed: number;
  readonly patients: number | null;
  readonly figures: {
    readonly rows?: number;
    readonly refusedByAgent?: Readonly<Record<string, number>>;
    readonly adopted?: number;
    readonly retold?: number;
  } | null;
}

/** A patient as the operator sees them. */
export interface PatientView {
  readonly patientCode: number;
  readonly state: 'held' | 'removed' | 'refused';
  readonly changedAt: string;
  readonly basics: BasicRecord | null;
  readonly fullRecord: FullRecord | null;
}

/** The operator's calls to flynotes-server that the sandbox makes; over HTTP, as an operator's own tools would. */
export interface Operator {
  createPractice(name: string): Promise<{ practiceId: string; licenceKey: string }>;
  send(message: MessageInput): Promise<string>;
  patient(patientCode: number): Promise<PatientView | null>;
  passes(most: number): Promise<readonly PassView[]>;
  result(messageId: string): Promise<CommandResult | null>;
  patientsHeld(): Promise<number>;
  queueUrl(): Promise<string>;
  pinVersion(version: string | null): Promise<void>;
  deadLetters(): Promise<{ count: number; letters: readonly { messageId: string; shape: { outcome: string } }[] }>;
  refusals(passId: string): Promise<readonly { patientCode: number | null; code: string }[]>;
  heartbeats(most: number): Promise<readonly Heartbeat[]>;
  /** Tells Flynotes of a release: its signed manifest. */
  addRelease(manifest: SignedEnvelope): Promise<void>;
  /** The public key whose private half signs directives. */
  signingKey(): Promise<PinnedKey>;
}

interface PracticeView {
  readonly id: string;
  readonly patients: number;
  readonly queueUrl: string;
}

/** @see {@link Operator} */
export function createOperator(url: string, token: string): Operator {
  let practiceId = '';
  const at = (rest = ''): string => `/v1/operator/practices/${practiceId}${rest}`;

  async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer | null> {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  async function must<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await call<Answer>(method, path, body);
    if (answer === null) throw new Error(`${method} ${path}: not found`);
    return answer;
  }

  return {
    async createPractice(name) {
      const created = await must<{ practice: PracticeView; licenceKey: string }>('POST', '/v1/operator/practices', {
        name,
        timeZone: 'Europe/London',
      });
      practiceId = created.practice.id;
      return { practiceId, licenceKey: created.licenceKey };
    },
    send: async (message) => (await must<{ messageId: string }>('POST', at('/messages'), message)).messageId,
    patient: (patientCode) => call<PatientView>('GET', at(`/patients/${patientCode}`)),
    passes: async (most) => (await must<{ passes: PassView[] }>('GET', at(`/passes?limit=${most}`))).passes,
    async result(messageId) {
      const { commands } = await must<{ commands: { messageId: string; result: CommandResult | null }[] }>(
        'GET',
        at('/command-results?limit=100'),
      );
      return commands.find((command) => command.messageId === messageId)?.result ?? null;
    },
    patientsHeld: async () => (await must<PracticeView>('GET', at())).patients,
    queueUrl: async () => (await must<PracticeView>('GET', at())).queueUrl,
    async pinVersion(version) {
      await must('PUT', at('/version'), { version });
    },
    deadLetters: () => must('GET', at('/dead-letters')),
    refusals: async (passId) =>
      (
        await must<{ refusals: { patientCode: number | null; code: string }[] }>(
          'GET',
          at(`/passes/${passId}/refusals?limit=500`),
        )
      ).refusals,
    heartbeats: async (most) =>
      (await must<{ heartbeats: { heartbeat: Heartbeat }[] }>('GET', at(`/heartbeats?limit=${most}`))).heartbeats.map(
        ({ heartbeat }) => heartbeat,
      ),
    async addRelease(manifest) {
      await must('POST', '/v1/operator/releases', manifest);
    },
    signingKey: () => must<PinnedKey>('GET', '/v1/operator/signing-key'),
  };
}
