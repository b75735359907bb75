import type { Level } from '../contract/http-api.ts';

/**
 * The kinds of field that an event may have. There is no kind for free text, so that nothing of a patient can get into a log
 * by way of a message. `texts` exists for the two questionnaire events alone: questions and preset answers are no patient's words.
 */
export interface FieldTypes {
  count: number;
  ms: number;
  bytes: number;
  /** A code of the error table. */
  code: string;
  /** An opaque identifier that we or Flynotes made. */
  id: string;
  /** A word of our own vocabulary in kebab-case: an outcome, a reason, a rule. */
  word: string;
  version: string;
  flag: boolean;
  /** The name of a table or column of R4, or of a field of a contract. */
  name: string;
  /** A host name and port. */
  host: string;
  /** An error's class name, or another system's name for a failure: `TypeError`, `ExpiredToken`. */
  class: string;
  /** Own stack frames: `upload/bulk-pass.ts:41:7 runPass`, or without the function's name. */
  frames: readonly string[];
  /** Names of fields, tables, columns, hosts: `field=licenceKey`, `Patients.Surname`. */
  names: readonly string[];
  /** How often each named rule applied. */
  counts: Readonly<Record<string, number>>;
  texts: readonly string[];
}

/** A declared event: its level and its allow-listed fields. */
export interface EventDeclaration {
  readonly level: Level;
  readonly fields: Readonly<Record<string, keyof FieldTypes>>;
}

/** Every event there is. What is not declared here cannot be logged or sent. */
export const eventTable = {
  'agent.started': {
    level: 'info',
    fields: { version: 'version', hostVersion: 'version', role: 'word', node: 'version' },
  },
  'agent.stopping': { level: 'info', fields: { reason: 'word' } },
  'agent.ended': { level: 'info', fields: { reason: 'word', exitCode: 'count', uptimeMs: 'ms' } },
  'agent.crashed': { level: 'critical', fields: { code: 'code', class: 'class', frames: 'frames' } },
  'agent.previous-run-crashed': {
    level: 'error',
    fields: { code: 'code', class: 'class', frames: 'frames', startedAt: 'id' },
  },
  error: {
    level: 'error',
    fields: {
      code: 'code',
      area: 'word',
      class: 'class',
      disposition: 'word',
      details: 'counts',
      names: 'names',
      frames: 'frames',
    },
  },
  warning: { level: 'warning', fields: { code: 'code', area: 'word', name: 'name', count: 'count' } },
  'scope.opened': { level: 'info', fields: { practiceId: 'id', elapsedMs: 'ms' } },
  'licence.renewed': { level: 'debug', fields: { expiresInMs: 'ms' } },
  'practice.connected': { level: 'info', fields: { product: 'version', compatibilityLevel: 'count', elapsedMs: 'ms' } },
  'practice.schema-resolved': { level: 'info', fields: { fingerprint: 'id', tables: 'count', columns: 'count' } },
  'practice.schema-missing': { level: 'warning', fields: { entity: 'word', field: 'word', reason: 'word' } },
  'version.differs': { level: 'warning', fields: { running: 'version', dictated: 'version', code: 'code' } },
  /** A release was verified and lies ready for the host. */
  'update.staged': {
    level: 'info',
    fields: { version: 'version', release: 'id', fetched: 'flag', sizeBytes: 'bytes', elapsedMs: 'ms' },
  },
  /** A dictated release was not taken: once per release, attempt and reason. */
  'update.refused': {
    level: 'error',
    fields: {
      version: 'version',
      release: 'id',
      attempt: 'count',
      code: 'code',
      reason: 'word',
      details: 'counts',
      names: 'names',
    },
  },
  'pass.started': { level: 'info', fields: { passId: 'id', reason: 'word', resumed: 'flag' } },
  'pass.completed': {
    level: 'info',
    fields: {
      passId: 'id',
      reason: 'word',
      rows: 'count',
      patients: 'count',
      sent: 'count',
      changed: 'count',
      removed: 'count',
      refusedByAgent: 'counts',
      refusedByServer: 'counts',
      rules: 'counts',
      rounds: 'count',
      /** Told in rounds of healing; of them, what Flynotes had held otherwise; and who was proved to be held without travelling. */
      retold: 'count',
      healed: 'count',
      adopted: 'count',
      /** It went on where an earlier try had been cut off. */
      resumed: 'flag',
      elapsedMs: 'ms',
      readMs: 'ms',
      sentBytes: 'bytes',
    },
  },
  'pass.failed': { level: 'error', fields: { passId: 'id', reason: 'word', code: 'code' } },
  'pass.rows-refused': { level: 'warning', fields: { passId: 'id', code: 'code', count: 'count' } },
  'command.received': { level: 'debug', fields: { messageId: 'id', type: 'word', queuedMs: 'ms' } },
  'command.ended': {
    level: 'info',
    fields: { messageId: 'id', type: 'word', outcome: 'word', code: 'code', elapsedMs: 'ms' },
  },
  'command.test': { level: 'info', fields: { messageId: 'id', version: 'version' } },
  'command.questions': { level: 'info', fields: { messageId: 'id', part: 'count', parts: 'count', texts: 'texts' } },
  'command.preset-answers': {
    level: 'info',
    fields: { messageId: 'id', part: 'count', parts: 'count', texts: 'texts' },
  },
  'message.invalid': {
    level: 'error',
    fields: { messageId: 'id', code: 'code', reason: 'word', sizeBytes: 'bytes', names: 'names' },
  },
  'message.type-unknown': { level: 'warning', fields: { messageId: 'id', code: 'code', type: 'word' } },
  'queue.receiving': { level: 'debug', fields: {} },
  'queue.failed': { level: 'warning', fields: { operation: 'word', code: 'code', awsCode: 'class', retryInMs: 'ms' } },
  'queue.recovered': { level: 'info', fields: { operation: 'word', afterMs: 'ms' } },
  'queue.credentials-renewed': { level: 'info', fields: { forced: 'flag' } },
  /** Something that failed for a while works again. */
  'episode.ended': { level: 'info', fields: { area: 'word', code: 'code', failures: 'count', afterMs: 'ms' } },
  /** What could not be written to the log, or fitted no declared field. */
  'log.dropped': { level: 'warning', fields: { code: 'code', lines: 'count', fields: 'count' } },
  /** Reports that were given up: refused by their receiver, or more than the outbox holds. */
  'reports.dropped': {
    level: 'warning',
    fields: { kind: 'word', refused: 'count', overflowed: 'count', status: 'count' },
  },
  /** Rollbar takes nothing at the moment; what waits is kept. Without a status it could not be reached. */
  'reports.failing': { level: 'warning', fields: { code: 'code', status: 'count' } },
  /** Sent by the doctor to see whether reports arrive. */
  'doctor.examined': {
    level: 'info',
    fields: { version: 'version', passed: 'count', warned: 'count', failed: 'count' },
  },
  'rollbar.rejected': { level: 'warning', fields: { status: 'count', dropped: 'count' } },
} as const satisfies Record<string, EventDeclaration>;

/** The name of a declared event. */
export type EventName = keyof typeof eventTable;
/** The fields of an event; each may be left out where nothing is known. */
export type EventFields<Name extends EventName> = {
  readonly [Field in keyof (typeof eventTable)[Name]['fields']]?:
    | FieldTypes[(typeof eventTable)[Name]['fields'][Field] & keyof FieldTypes]
    | undefined;
};

/** Where everything reports to. Never throws and never waits. */
export interface Log {
  emit<Name extends EventName>(name: Name, fields: EventFields<Name>): void;
  /** Reports a failure: its code, class, own frames and details; never its message. */
  error(error: unknown, area: string): void;
}
