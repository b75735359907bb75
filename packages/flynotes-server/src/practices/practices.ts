import { randomBytes } from 'node:crypto';
import type { Database } from '../database/index.ts';
import { one } from '../database/index.ts';
import { problemError } from '../http/index.ts';
import type { PracticeQueue, QueueProvider } from '../queue/index.ts';
import { createLicenceKey, licenceKeyHash } from './licence-key.ts';
import { json, practiceColumns } from './practice.ts';
import type { Practice } from './practice.ts';

/** How long an operator's word lasts that most patients may be removed. */
const removalsConfirmedHours = 24;

/** What a new practice is told by. */
export interface NewPractice {
  readonly name: string;
  readonly timeZone: string;
  readonly id?: string | undefined;
}

/** Creating and changing practices. */
export interface Practices {
  /** The licence key is in this answer and nowhere else. */
  create(practice: NewPractice): Promise<{ practice: Practice; licenceKey: string }>;
  byLicenceKey(key: string): Promise<Practice | null>;
  /** @throws NOT_FOUND */
  get(id: string): Promise<Practice>;
  /** Its queue, made now if it has none yet. */
  withQueue(practice: Practice): Promise<PracticeQueue>;
  setSuspended(id: string, suspended: boolean): Promise<Practice>;
  /** Null goes back to the version that this server has installed. */
  pinVersion(id: string, version: string | null): Promise<Practice>;
  /** For a day, or until both sides are equal: most of its patients may be removed. */
  confirmRemovals(id: string): Promise<Practice>;
  setCanary(id: string, canary: boolean): Promise<Practice>;
  /** Has a release that was undone tried once more. */
  raiseAttempt(id: string): Promise<Practice>;
  /** The old key ends at once. */
  rotateLicenceKey(id: string): Promise<string>;
}

/** @see {@link Practices} */
export function createPractices(deps: { database: Database; queues: QueueProvider | null }): Practices {
  const { database, queues } = deps;
  const changed = async (
    id: string,
    assignment: string,
    value: string | number | boolean | null,
  ): Promise<Practice> => {
    const [practice] = await database.query<Practice>(
      `update practices set ${assignment} where id = $1 returning ${practiceColumns}`,
      [id, value],
    );
    if (practice === undefined) throw problemError('NOT_FOUND', { detail: 'There is no such practice.' });
    return practice;
  };
  const practices: Practices = {
    async create({ name, timeZone, id = newPracticeId(name) }) {
      const licenceKey = createLicenceKey();
      const [created] = await database.query<Practice>(
        `insert into practices (id, name, time_zone, licence_key_hash, digest_key) values ($1, $2, $3, $4, $5)
         on conflict (id) do nothing returning ${practiceColumns}`,
        [id, name, timeZone, licenceKeyHash(licenceKey), randomBytes(32).toString('base64')],
      );
      if (created === undefined) throw problemError('PRACTICE_ID_TAKEN');
      if (queues === null) return { practice: created, licenceKey };
      // A queue that cannot be made now is made with the first licence request.
      const queue = await practices.withQueue(created).catch(() => null);
      return { practice: { ...created, queue }, licenceKey };
    },
    async byLicenceKey(key) {
      const [practice] = await database.query<Practice>(
        `select ${practiceColumns} from practices where licence_key_hash = $1`,
        [licenceKeyHash(key)],
      );
      return practice ?? null;
    },
    async get(id) {
      const [practice] = await database.query<Practice>(`select ${practiceColumns} from practices where id = $1`, [id]);
      if (practice === undefined) throw problemError('NOT_FOUND', { detail: 'There is no such practice.' });
      return practice;
    },
    async withQueue(practice) {
      if (practice.queue !== null && queues?.forgetful !== true) return practice.queue;
      if (queues === null) throw problemError('QUEUE_MISSING', { detail: 'This server was started without queues.' });
      const queue = await queues.createQueue(practice.id);
      const stored = await one(
        database.query<{ queue: PracticeQueue }>(
          'update practices set queue = $2::text::jsonb where id = $1 returning queue',
          [practice.id, json(queue)],
        ),
      );
      return stored.queue;
    },
    setSuspended: (id, suspended) => changed(id, 'suspended = $2', suspended),
    pinVersion: (id, version) => changed(id, 'pinned_version = $2', version),
    confirmRemovals: (id) =>
      changed(id, 'removals_confirmed_until = now() + make_interval(hours => $2::int)', removalsConfirmedHours),
    setCanary: (id, canary) => changed(id, 'canary = $2', canary),
    raiseAttempt: (id) => changed(id, 'attempt = attempt + $2', 1),
    async rotateLicenceKey(id) {
      const licenceKey = createLicenceKey();
      await changed(id, 'licence_key_hash = $2', licenceKeyHash(licenceKey));
      return licenceKey;
    },
  };
  return practices;
}

/** The name in lower-case letters, with a random end so that it is free. */
function newPracticeId(name: string): string {
  const words = name
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
  return `${words || 'practice'}-${randomBytes(3).toString('hex')}`;
}
