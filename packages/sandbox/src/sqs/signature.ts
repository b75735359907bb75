import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * AWS Signature Version 4, both ways: the guard checks with it, and the sandbox signs its own administrative calls.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** What of an HTTP request goes into its signature. Header names are in lower case. */
export interface SignableRequest {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The parts of an `Authorization` header. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  /** `20260101` */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const algorithm = 'AWS4-HMAC-SHA256';
const claimPattern =
  /^AWS4-HMAC-SHA256\s+Credential=([^/\s,]+)\/(\d{8})\/([^/\s,]+)\/([^/\s,]+)\/aws4_request\s*,\s*SignedHeaders=([a-z0-9;-]+)\s*,\s*Signature=([0-9a-f]{64})$/;

/** Reads an `Authorization` header; null where it is no signature of version 4. */
export function readClaim(authorization: string): SignatureClaim | null {
  const match = claimPattern.exec(authorization.trim());
  if (!match) return null;
  const [, accessKeyId = '', day = '', region = '', service = '', names = '', signature = ''] = match;
  return { accessKeyId, day, region, service, signedHeaders: names.split(';'), signature };
}

/** The signature that a request should bear, in hexadecimal. */
export function signatureOf(
  request: SignableRequest,
  claim: Omit<SignatureClaim, 'signature'>,
  secretAccessKey: string,
): string {
  const [path = '/', query = ''] = request.target.split('?', 2);
  const canonicalHeaders = claim.signedHeaders.map(
    (name) => `${name}:${(request.headers[name] ?? '').trim().replaceAll(/\s+/g, ' ')}\n`,
  );
  const canonicalRequest = [
    request.method,
    path,
    query.split('&').filter(Boolean).toSorted().join('&'),
    canonicalHeaders.join(''),
    claim.signedHeaders.join(';'),
    sha256Hex(request.body),
  ].join('\n');
  const scope = `${claim.day}/${claim.region}/${claim.service}/aws4_request`;
  const toSign = [algorithm, request.headers['x-amz-date'] ?? '', scope, sha256Hex(canonicalRequest)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of [claim.day, claim.region, claim.service, 'aws4_request']) key = hmac(key, part);
  return hmac(key, toSign).toString('hex');
}

/** Compares two signatures without telling by time where they differ. */
export function sameSignature(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Milliseconds since 1970 of an `x-amz-date` such as `20260101T120000Z`; NaN where it is none. */
export function timeOfAmzDate(text: string): number {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (!match) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** What a signer needs. */
export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
  readonly service: string;
}

/** The headers of a request together with its signature. */
export function signHeaders(request: SignableRequest, key: SigningKey, now: number): Record<string, string> {
  const date = new Date(now).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': date,
    ...(key.sessionToken === undefined ? {} : { 'x-amz-security-token': key.sessionToken }),
  };
  const claim = {
    accessKeyId: key.accessKeyId,
    day: date.slice(0, 8),
    region: key.region,
    service: key.service,
    signedHeaders: Object.keys(headers).toSorted(),
  };
  const signature = signatureOf({ ...request, headers }, claim, key.secretAccessKey);
  const credential = `${key.accessKeyId}/${claim.day}/${key.region}/${key.service}/aws4_request`;
  const names = claim.signedHeaders.join(';');
  headers['authorization'] = `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return headers;
}

function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
