/* oxlint-disable eslint/no-restricted-imports, eslint/no-restricted-properties -- a rig of tests: a real folder and the real time */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRegistry, type Registry } from '@flynotes/sandbox/registry';
import { releaseOf } from '../../../../../tools/release/make-release.ts';
import {
  hostFiles,
  licenceAnswerSchema,
  pinnedKeySchema,
  releasePackageName,
  type Directive,
  type HostEvent,
  type HostState,
  type LicenceAnswer,
  type ReleaseManifest,
  type SignedEnvelope,
} from '../../contract/index.ts';
import { AgentError, type Files, type Log } from '../../runtime/index.ts';
import { pinnedKeyOf, signEnvelope } from '../../runtime/signed-envelope.ts';
import { createSystemClock } from '../../runtime/system-clock.ts';
import { createSystemFiles } from '../../runtime/system-files.ts';
import { createInstaller, type InstallerOptions } from '../installer.ts';
import { createVersionStep, type VersionDecision, type VersionStep } from '../version-step.ts';

/** Keys of everybody who takes part. */
export interface RigKeys {
  readonly release: KeyObject;
  readonly directive: KeyObject;
  readonly stranger: KeyObject;
}

/** A release as it can be served. */
export interface RigRelease {
  readonly manifest: ReleaseManifest;
  readonly tarball: Buffer;
  readonly envelope: SignedEnvelope;
}

/** One practice's data folder, and an agent's version step over it, with a real registry. */
export interface UpdateRig {
  readonly dataDir: string;
  readonly keys: RigKeys;
  readonly registry: Registry;
  /** A version that no other case uses. */
  nextVersion(): string;
  release(version: string, files?: Readonly<Record<string, string>>): RigRelease;
  /** A licence answer for the nonce that {@link look} uses. */
  answer(release: RigRelease | null, changes?: AnswerChanges): LicenceAnswer;
  look(answer: LicenceAnswer, changes?: LookChanges): Promise<Looked>;
  writeSlot(state: Partial<HostState>): void;
  /** What lies in the data folder's versions, by folder. */
  versions(): string[];
  staged(): { directive: SignedEnvelope } | null;
  readonly notes: Map<string, string>;
  readonly keysFile: string;
}

/** Parts of an answer that a case replaces. */
export interface AnswerChanges {
  readonly directive?: Partial<Directive>;
  readonly directiveBy?: KeyObject;
  readonly directiveKeyId?: string;
  readonly releaseManifest?: SignedEnvelope | null;
  readonly registry?: LicenceAnswer['registry'];
  readonly releaseUrl?: string;
}

/** How an agent that looks differs from the usual one. */
export interface LookChanges {
  readonly options?: Partial<InstallerOptions>;
  readonly files?: Files;
  readonly nowMs?: number;
  readonly running?: string;
  readonly signal?: AbortSignal;
}

/** What came of a look. */
export interface Looked {
  readonly decision: VersionDecision;
  readonly step: VersionStep;
  readonly update: ReturnType<VersionStep['state']>;
  /** Codes that were reported, in order. */
  readonly codes: readonly string[];
  readonly reasons: readonly unknown[];
  readonly told: readonly HostEvent[];
  readonly fetched: boolean | undefined;
}

export const rigNonce = 'nonce-of-the-rig-0123456789';
const practice = 'elm-street';
let versions = 0;

/** Starts a registry for a whole suite. */
export const startRigRegistry = (): Promise<Registry> => createRegistry();

/** @see {@link UpdateRig} */
export function createUpdateRig(registry: Registry): UpdateRig & Disposable {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'carestream-update-'));
  const make = (): KeyObject => generateKeyPairSync('ed25519').privateKey;
  const keys: RigKeys = { release: make(), directive: make(), stranger: make() };
  const keysFile = path.join(dataDir, 'keys.json');
  writeFileSync(
    keysFile,
    JSON.stringify({ release: [pinnedKeyOf(keys.release)], directive: [pinnedKeyOf(keys.directive)] }),
  );
  mkdirSync(path.join(dataDir, 'state'));
  const notes = new Map<string, string>();
  let gen = 0;
  let sequence = 0;

  return {
    dataDir,
    keys,
    registry,
    notes,
    keysFile,
    nextVersion: () => `1.0.${++versions}`,
    release(version, files = {}) {
      const whole = {
        'package.json': JSON.stringify({ name: releasePackageName, version, engines: { node: '>=24' } }),
        [hostFiles.agentEntry]: `// ${version}\n`,
        ...files,
      };
      const { tarball, manifest } = releaseOf(
        Object.entries(whole).map(([at, text]) => ({ path: at, bytes: Buffer.from(text), executable: false })),
        { name: releasePackageName, version, engines: { node: '>=24' } },
        { hostMin: '0.1.0', stateSchema: 2 },
      );
      return { tarball, manifest, envelope: signedBy(manifest, keys.release) };
    },
    answer(release, changes = {}) {
      const directive = {
        practice,
        nonce: rigNonce,
        sequence: ++sequence,
        version: release?.manifest.version ?? '9.9.9',
        ...(release === null ? {} : { releaseSha512: release.manifest.tarball.sha512 }),
        attempt: 1,
        floor: '0.1.0',
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        ...changes.directive,
      };
      const by = changes.directiveBy ?? keys.directive;
      const signed = signEnvelope(Buffer.from(JSON.stringify(directive)), 'directive', by);
      return licenceAnswerSchema.parse({
        practice: { id: practice, name: 'Elm Street', timeZone: 'Europe/London' },
        queue: {
          url: 'https://sqs.eu-west-2.amazonaws.com/1/elm-street',
          region: 'eu-west-2',
          credentials: {
            accessKeyId: 'AKIA',
            secretAccessKey: 'secret',
            sessionToken: 'token',
            expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
          },
        },
        rollbar: null,
        registry:
          changes.registry === undefined ? { url: registry.url, token: registry.tokens.agent } : changes.registry,
        digest: { key: Buffer.alloc(32, 7).toString('base64'), canonicalVersion: 1 },
        schemaOverrides: {},
        features: {},
        directive: { ...signed, ...(changes.directiveKeyId === undefined ? {} : { keyId: changes.directiveKeyId }) },
        releaseManifest: changes.releaseManifest === undefined ? (release?.envelope ?? null) : changes.releaseManifest,
        ...(changes.releaseUrl === undefined ? {} : { releaseUrl: changes.releaseUrl }),
      });
    },
    async look(answer, changes = {}) {
      const codes: string[] = [];
      const reasons: unknown[] = [];
      const told: HostEvent[] = [];
      let fetched: boolean | undefined;
      const log: Log = {
        emit(name, fields) {
          const given = fields as Record<string, unknown>;
          if (name === 'update.staged') fetched = given['fetched'] as boolean;
          if (name === 'update.refused') {
            codes.push(String(given['code']));
            reasons.push(given['reason']);
          }
          if (name === 'version.differs' && given['code'] === 'UPDATE_UNSIGNED') codes.push('UPDATE_UNSIGNED');
        },
        error(error) {
          if (!(error instanceof AgentError)) throw error;
          codes.push(error.code);
          reasons.push(error.details['reason']);
        },
      };
      const system = createSystemClock();
      const clock = changes.nowMs === undefined ? system : { ...system, now: () => changes.nowMs ?? 0 };
      const installer = createInstaller(
        { clock, log, files: changes.files ?? createSystemFiles(), tell: (event) => void told.push(event) },
        {
          dataDir,
          keysFile,
          running: null,
          role: 'stable',
          abilities: { node: '24.21.0', host: '0.1.0', stateSchema: 2 },
          flynotes: { url: 'http://127.0.0.1:1/', licenceKey: 'the-licence-key' },
          times: { idleMs: 3_000, wholeMs: 20_000 },
          // The machine's own disk has space for everybody, or is not what a case is about.
          spareBytes: 0,
          ...changes.options,
        },
      );
      const step = createVersionStep(
        {
          clock,
          log,
          notes: { get: (key) => notes.get(key) ?? null, set: (key, value) => void notes.set(key, value) },
          installer,
        },
        {
          running: changes.running ?? '0.9.0',
          underHost: true,
          tryAgainAfterMs: 86_400_000,
          offerAgainAfterMs: 3_600_000,
        },
      );
      const decision = await step.check(answer, rigNonce, changes.signal ?? new AbortController().signal);
      return { decision, step, update: step.state(), codes, reasons, told, fetched };
    },
    writeSlot(state) {
      const body: HostState = {
        stable: null,
        previous: null,
        candidate: null,
        tries: 0,
        quarantined: [],
        sequence: 0,
        floor: '0.0.0',
        ...state,
      };
      gen += 1;
      const sha256 = createHash('sha256').update(JSON.stringify(body)).digest('hex');
      writeFileSync(path.join(dataDir, hostFiles.slots[gen % 2] ?? ''), JSON.stringify({ gen, sha256, body }));
    },
    versions() {
      try {
        return readdirSync(path.join(dataDir, hostFiles.versions)).toSorted();
      } catch {
        return [];
      }
    },
    staged() {
      try {
        return JSON.parse(readFileSync(path.join(dataDir, hostFiles.staged), 'utf8')) as { directive: SignedEnvelope };
      } catch {
        return null;
      }
    },
    [Symbol.dispose]: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

/** Signs a manifest, or anything else in its place. */
export function signedBy(
  manifest: unknown,
  key: KeyObject,
  purpose: 'releaseManifest' | 'directive' = 'releaseManifest',
) {
  return signEnvelope(Buffer.from(JSON.stringify(manifest)), purpose, key);
}

/** The id of a key. */
export function keyIdOf(key: KeyObject): string {
  return pinnedKeySchema.parse(pinnedKeyOf(key)).keyId;
}
