import {
  compareVersions,
  directiveSchema,
  type Directive,
  type LicenceAnswer,
  type PinnedKey,
} from '../contract/index.ts';
import { openEnvelope } from '../runtime/signed-envelope.ts';

/** Why a directive does not count. */
export type DirectiveFault =
  | 'unknown-key'
  | 'wrong-signature'
  | 'not-readable'
  | 'wrong-practice'
  | 'wrong-nonce'
  | 'expired'
  | 'sequence-older'
  | 'floor-lower'
  | 'below-floor';

/** What a directive is held against. */
export interface DirectiveExpectation {
  /** Whose signatures count; null where no host pinned any: then nothing is ever installed, and the directive is only told of. */
  readonly keys: readonly PinnedKey[] | null;
  /** The nonce of the request that was answered. */
  readonly nonce: string;
  readonly nowMs: number;
  /** The highest sequence that was ever accepted. */
  readonly sequence: number;
  /** The highest floor that was ever accepted, if any. */
  readonly floor: string | null;
}

/** @see {@link readDirective} */
export type DirectiveReading =
  | { readonly outcome: 'valid'; readonly directive: Directive }
  | { readonly outcome: 'invalid'; readonly fault: DirectiveFault };

/** Reads which version is dictated. A directive that is not meant for this practice, this request and this day counts for nothing. */
export function readDirective(
  answer: Pick<LicenceAnswer, 'directive' | 'practice'>,
  expected: DirectiveExpectation,
): DirectiveReading {
  const invalid = (fault: DirectiveFault): DirectiveReading => ({ outcome: 'invalid', fault });
  let payload = Buffer.from(answer.directive.payload, 'base64');
  if (expected.keys !== null) {
    const opened = openEnvelope(answer.directive, 'directive', expected.keys);
    if (opened.outcome === 'refused') return invalid(opened.fault);
    payload = opened.payload as typeof payload;
  }
  const parsed = directiveSchema.safeParse(jsonOf(payload));
  if (!parsed.success) return invalid('not-readable');
  const directive = parsed.data;
  if (directive.practice !== answer.practice.id) return invalid('wrong-practice');
  if (directive.nonce !== expected.nonce) return invalid('wrong-nonce');
  if (Date.parse(directive.expiresAt) <= expected.nowMs) return invalid('expired');
  if (directive.sequence < expected.sequence) return invalid('sequence-older');
  if (expected.floor !== null && compareVersions(directive.floor, expected.floor) < 0) return invalid('floor-lower');
  if (compareVersions(directive.version, directive.floor) < 0) return invalid('below-floor');
  return { outcome: 'valid', directive };
}

/** Parses JSON; undefined where it is none. */
export function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
