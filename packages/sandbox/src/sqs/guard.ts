import type { Keys } from './keys.ts';
import { readClaim, sameSignature, signatureOf, timeOfAmzDate, type SignableRequest } from './signature.ts';

/** An answer of SQS that refuses: HTTP status, error code, and SQS's own words. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** How far a request's date may be from ours. AWS allows five minutes. */
const skewMostMs = 300_000;

/** What temporary credentials allow; batch calls are granted by the singular name, as in IAM. */
const sessionActions = new Map([
  ['ReceiveMessage', 'ReceiveMessage'],
  ['DeleteMessage', 'DeleteMessage'],
  ['DeleteMessageBatch', 'DeleteMessage'],
  ['ChangeMessageVisibility', 'ChangeMessageVisibility'],
  ['ChangeMessageVisibilityBatch', 'ChangeMessageVisibility'],
  ['GetQueueAttributes', 'GetQueueAttributes'],
]);

/** Decides whether a request may pass: null, or why not. */
export type Guard = (request: SignableRequest, action: string) => Refusal | null;

/** A guard that checks what AWS checks: access key, session token and its expiry, date, signature, and what the key may do. */
export function createGuard(deps: { readonly keys: Keys; readonly now: () => number }, region: string): Guard {
  return (request, action) => {
    const authorization = request.headers['authorization'];
    if (authorization === undefined) {
      return refuse('MissingAuthenticationToken', 'Request is missing Authentication Token');
    }
    const claim = readClaim(authorization);
    const date = request.headers['x-amz-date'] ?? '';
    const time = timeOfAmzDate(date);
    if (!claim || Number.isNaN(time) || !claim.signedHeaders.includes('host')) {
      return {
        status: 400,
        code: 'IncompleteSignature',
        message: 'The request signature does not conform to AWS standards.',
      };
    }
    const key = deps.keys.find(claim.accessKeyId);
    const token = request.headers['x-amz-security-token'];
    if (!key || token !== key.session?.token) {
      return refuse('InvalidClientTokenId', 'The security token included in the request is invalid.');
    }
    if (key.session && key.session.expiresAtMs <= deps.now()) {
      return refuse('ExpiredToken', 'The security token included in the request is expired');
    }
    if (claim.region !== region || claim.service !== 'sqs' || claim.day !== date.slice(0, 8)) {
      return refuse('SignatureDoesNotMatch', `Credential should be scoped to a valid region, date and service.`);
    }
    if (Math.abs(time - deps.now()) > skewMostMs) {
      const early = time > deps.now();
      const edge = new Date(deps.now() + (early ? skewMostMs : -skewMostMs))
        .toISOString()
        .replaceAll(/[-:]|\.\d{3}/g, '');
      return refuse(
        'SignatureDoesNotMatch',
        early
          ? `Signature not yet current: ${date} is still later than ${edge}`
          : `Signature expired: ${date} is now earlier than ${edge}`,
      );
    }
    if (!sameSignature(signatureOf(request, claim, key.secretAccessKey), claim.signature)) {
      return refuse(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
      );
    }
    if (key.session) {
      const granted = sessionActions.get(action);
      if (granted === undefined || queueNameIn(request.body) !== key.session.queueName) {
        return refuse('AccessDenied', `Access to the resource by sqs:${action.toLowerCase()} is denied.`);
      }
    }
    return null;
  };
}

/** The queue's name in a request's body: the last part of `QueueUrl`. */
export function queueNameIn(body: Buffer): string | null {
  try {
    const parsed = JSON.parse(body.toString('utf8')) as { QueueUrl?: unknown } | null;
    return typeof parsed?.QueueUrl === 'string' ? queueNameOf(parsed.QueueUrl) : null;
  } catch {
    return null;
  }
}

/** The name in a queue's URL: its last part. */
export function queueNameOf(queueUrl: string): string {
  return queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
}

function refuse(code: string, message: string): Refusal {
  return { status: 403, code, message };
}
