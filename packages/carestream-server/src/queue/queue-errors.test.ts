import { describe, expect, it } from 'vitest';
import { AgentError } from '../runtime/index.ts';
import { refusesCredentials, translateQueueError } from './queue-errors.ts';

const sdkError = (name: string, more: object = {}) =>
  Object.assign(new Error('words of a third party'), { name, ...more });

describe('translating what the SDK throws', () => {
  it.each([
    ['ExpiredToken', 403, 'QUEUE_CREDENTIALS_EXPIRED'],
    ['ExpiredTokenException', 400, 'QUEUE_CREDENTIALS_EXPIRED'],
    ['InvalidClientTokenId', 403, 'QUEUE_CREDENTIALS_EXPIRED'],
    ['UnrecognizedClientException', 400, 'QUEUE_CREDENTIALS_EXPIRED'],
    ['QueueDoesNotExist', 400, 'QUEUE_MISSING'],
    ['AWS.SimpleQueueService.NonExistentQueue', 400, 'QUEUE_MISSING'],
    ['AccessDenied', 403, 'QUEUE_REFUSED'],
    ['SignatureDoesNotMatch', 403, 'QUEUE_REFUSED'],
    ['RequestThrottled', 403, 'QUEUE_UNAVAILABLE'],
    ['ServiceUnavailable', 503, 'QUEUE_UNAVAILABLE'],
    ['InternalFailure', 500, 'QUEUE_UNAVAILABLE'],
  ])('%s (%d) → %s', (name, httpStatusCode, code) => {
    const error = translateQueueError(sdkError(name, { $metadata: { httpStatusCode } }));
    expect(error).toMatchObject({ code, details: { awsCode: name } });
    expect(error.message).not.toContain('third party');
    expect(refusesCredentials(sdkError(name))).toBe(code === 'QUEUE_CREDENTIALS_EXPIRED');
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'CERT_HAS_EXPIRED'])('%s → QUEUE_UNREACHABLE', (code) => {
    expect(translateQueueError(sdkError('TimeoutError', { code }))).toMatchObject({
      code: 'QUEUE_UNREACHABLE',
      details: { awsCode: code },
    });
  });

  it.each([undefined, null, 'text', 7, {}, sdkError('words with spaces')])('anything else: %s', (thrown) => {
    expect(translateQueueError(thrown)).toMatchObject({ code: 'QUEUE_UNREACHABLE', details: { awsCode: 'Error' } });
  });

  it('leaves our own errors as they are', () => {
    const error = new AgentError('FLYNOTES_UNREACHABLE');
    expect(translateQueueError(error)).toBe(error);
  });
});
