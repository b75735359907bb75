import type { ErrorCode } from '../contract/index.ts';
import { AgentError, isAgentError } from '../runtime/index.ts';

/** What of an SDK's error is looked at. Its message is not: it may quote anything. */
interface SdkErrorShape {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
}

/**
 * The names under which SQS and the layer in front of it refuse credentials. The JSON protocol knows both spellings.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
 */
const expired = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
]);
const missing = new Set([
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'NonExistentQueue',
  'QueueDeletedRecently',
]);
const throttled = new Set([
  'RequestThrottled',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'KmsThrottled',
]);

/** True when the queue refused the credentials themselves, which new ones may mend. */
export function refusesCredentials(error: unknown): boolean {
  return expired.has(nameOf(error));
}

/** Translates whatever the SDK throws, once. */
export function translateQueueError(error: unknown): AgentError {
  if (isAgentError(error)) return error;
  const awsCode = nameOf(error);
  return new AgentError(codeOf(error, awsCode), { cause: error, details: { awsCode } });
}

function codeOf(error: unknown, awsCode: string): ErrorCode {
  const status = (error as SdkErrorShape | null)?.$metadata?.httpStatusCode;
  if (expired.has(awsCode)) return 'QUEUE_CREDENTIALS_EXPIRED';
  if (missing.has(awsCode)) return 'QUEUE_MISSING';
  if (throttled.has(awsCode)) return 'QUEUE_UNAVAILABLE';
  if (typeof status !== 'number') return 'QUEUE_UNREACHABLE';
  return status >= 500 || status === 429 ? 'QUEUE_UNAVAILABLE' : 'QUEUE_REFUSED';
}

/** The name of the fault: SQS's own, or Node's code for a connection that failed. */
function nameOf(error: unknown): string {
  const shape = (error ?? {}) as SdkErrorShape;
  for (const candidate of [shape.code, shape.name]) {
    if (typeof candidate === 'string' && /^[A-Za-z][\w.]{0,78}$/.test(candidate) && candidate !== 'Error')
      return candidate;
  }
  return 'Error';
}
