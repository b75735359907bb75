import { request as httpRequest } from 'node:http';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { queueCredentialsSchema } from '@flynotes/carestream-server/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSqs, signHeaders, type PracticeQueue, type Sqs } from './index.ts';

let sqs: Sqs;
let queue: PracticeQueue;
let turnedMs = 0;
const clients: SQSClient[] = [];

beforeAll(async () => {
  sqs = await createSqs({ now: () => Date.now() + turnedMs });
  queue = await sqs.createPracticeQueue('practice-1');
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await sqs.close();
});

function clientOf(
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
  more: object = {},
): SQSClient {
  const client = new SQSClient({ endpoint: sqs.endpoint, region: sqs.region, credentials, maxAttempts: 1, ...more });
  clients.push(client);
  return client;
}
const receive = (client: SQSClient, queueUrl = queue.queueUrl) =>
  client.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
const refusal = (name: string, httpStatusCode = 403) => ({ name, $metadata: { httpStatusCode } });

describe('credentials', () => {
  it('of the administrator may do everything', async () => {
    const admin = clientOf(sqs.adminCredentials);
    await admin.send(new CreateQueueCommand({ QueueName: 'another' }));
    const sent = await admin.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: 'hello' }));
    expect(sent.MessageId).toMatch(/^[0-9a-f-]{36}$/);
    expect((await sqs.contents(queue.queueUrl))?.ready).toMatchObject([{ messageId: sent.MessageId, body: 'hello' }]);
  });

  it('of an agent may receive, change visibility, read attributes and delete', async () => {
    const agent = clientOf(sqs.issueCredentials(queue.queueUrl));
    const [message] = (await receive(agent)).Messages ?? [];
    const handle = { QueueUrl: queue.queueUrl, ReceiptHandle: message?.ReceiptHandle };
    await agent.send(new ChangeMessageVisibilityCommand({ ...handle, VisibilityTimeout: 10 }));
    await agent.send(new GetQueueAttributesCommand({ QueueUrl: queue.queueUrl, AttributeNames: ['All'] }));
    await agent.send(new DeleteMessageCommand(handle));
    expect(await sqs.contents(queue.queueUrl)).toEqual({ ready: [], delayed: [], inFlight: [] });
  });

  it('of an agent may nothing else', async () => {
    const agent = clientOf(sqs.issueCredentials(queue.queueUrl));
    const other = await sqs.createPracticeQueue('practice-2');
    await expect(receive(agent, other.queueUrl)).rejects.toMatchObject(refusal('AccessDenied'));
    await expect(receive(agent, queue.deadLetterQueueUrl)).rejects.toMatchObject(refusal('AccessDenied'));
    await expect(agent.send(new ListQueuesCommand({}))).rejects.toMatchObject(refusal('AccessDenied'));
    await expect(
      agent.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: 'x' })),
    ).rejects.toMatchObject(refusal('AccessDenied'));
  });

  it.each([
    ['a wrong secret', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    ['a wrong session token', { sessionToken: 'wrong' }, 'InvalidClientTokenId'],
    ['an unknown key', { accessKeyId: 'ASIAUNKNOWN' }, 'InvalidClientTokenId'],
  ])('with %s are refused', async (_what, wrong, code) => {
    const before = sqs.stats().refused[code] ?? 0;
    await expect(receive(clientOf({ ...sqs.issueCredentials(queue.queueUrl), ...wrong }))).rejects.toMatchObject(
      refusal(code),
    );
    expect(sqs.stats().refused[code]).toBe(before + 1);
  });

  it('without their session token are refused, and so are long-term ones with one', async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = sqs.issueCredentials(queue.queueUrl);
    await expect(receive(clientOf({ accessKeyId, secretAccessKey }))).rejects.toMatchObject(
      refusal('InvalidClientTokenId'),
    );
    await expect(receive(clientOf({ ...sqs.adminCredentials, sessionToken }))).rejects.toMatchObject(
      refusal('InvalidClientTokenId'),
    );
  });

  it('signed for another region are refused', async () => {
    const credentials = sqs.issueCredentials(queue.queueUrl);
    await expect(receive(clientOf(credentials, { region: 'us-east-1' }))).rejects.toMatchObject(
      refusal('SignatureDoesNotMatch'),
    );
  });

  it('expire', async () => {
    const short = clientOf(sqs.issueCredentials(queue.queueUrl, 100));
    await receive(short);
    turnedMs = 101_000;
    try {
      await expect(receive(short)).rejects.toMatchObject(refusal('ExpiredToken'));
    } finally {
      turnedMs = 0;
    }
  });

  it('all expire when told', async () => {
    const agent = clientOf(sqs.issueCredentials(queue.queueUrl));
    await receive(agent);
    expect(sqs.expireAll()).toBeGreaterThan(0);
    expect(sqs.expireAll()).toBe(0);
    await expect(receive(agent)).rejects.toMatchObject(refusal('ExpiredToken'));
    await receive(clientOf(sqs.issueCredentials(queue.queueUrl)));
  });

  it('come over HTTP for one queue, for no longer than allowed', async () => {
    const ask = (body: string) =>
      fetch(`${sqs.issuerUrl}/credentials`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = await ask(JSON.stringify({ queueUrl: queue.queueUrl, durationS: 900 }));
    const credentials = queueCredentialsSchema.parse(await answer.json());
    expect(Math.abs(Date.parse(credentials.expiresAt) - Date.now() - 900_000)).toBeLessThan(10_000);
    await receive(clientOf(credentials));
    const most = queueCredentialsSchema.parse(
      await (await ask(JSON.stringify({ queueUrl: queue.queueUrl, durationS: 1e9 }))).json(),
    );
    expect(Date.parse(most.expiresAt)).toBeLessThanOrEqual(Date.now() + 129_600_000);
    for (const bad of [
      '',
      '{',
      '{"queueUrl":"nonsense"}',
      JSON.stringify({ queueUrl: queue.queueUrl, durationS: -1 }),
    ]) {
      expect((await ask(bad)).status).toBe(400);
    }
  });
});

describe('requests', () => {
  const body = () => Buffer.from(JSON.stringify({ QueueUrl: queue.queueUrl }));
  const signed = (now = Date.now()) =>
    signHeaders(
      {
        method: 'POST',
        target: '/',
        headers: {
          host: new URL(sqs.endpoint).host,
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'AmazonSQS.ReceiveMessage',
        },
        body: body(),
      },
      { ...sqs.adminCredentials, region: sqs.region, service: 'sqs' },
      now,
    );
  /** Over node:http, which sends headers just as they are given. */
  const post = (headers: Record<string, string>, sentBody: Buffer = body()) =>
    new Promise<{ status: number; error: string }>((resolve, reject) => {
      const outgoing = httpRequest(sqs.endpoint, { method: 'POST', headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, error: String((JSON.parse(text) as { __type?: string }).__type) }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(sentBody);
    });
  const error = (status: number, code: string) => ({ status, error: `com.amazonaws.sqs#${code}` });

  it('as signed are taken', async () => {
    expect((await post(signed())).status).toBe(200);
  });

  it('without a signature, or with half of one, are refused', async () => {
    const { authorization, ...headers } = signed();
    expect(await post(headers)).toEqual(error(403, 'MissingAuthenticationToken'));
    expect(await post({ ...headers, authorization: 'AWS4-HMAC-SHA256 Credential=x' })).toEqual(
      error(400, 'IncompleteSignature'),
    );
    expect(await post({ ...headers, authorization: (authorization ?? '').replace('host;', '') })).toEqual(
      error(400, 'IncompleteSignature'),
    );
  });

  it('changed after signing are refused', async () => {
    const headers = signed();
    expect(await post(headers, Buffer.from('{}'))).toEqual(error(403, 'SignatureDoesNotMatch'));
    expect(await post({ ...headers, 'x-amz-target': 'AmazonSQS.PurgeQueue' })).toEqual(
      error(403, 'SignatureDoesNotMatch'),
    );
  });

  it.each([-301_000, 301_000])('signed %d ms from now are refused', async (offMs) => {
    expect(await post(signed(Date.now() + offMs))).toEqual(error(403, 'SignatureDoesNotMatch'));
  });

  it('to anything but the queues are not found', async () => {
    for (const path of ['/_fauxqs/queues', '/bucket', '/bucket/key', '/health']) {
      expect((await fetch(sqs.endpoint + path)).status).toBe(404);
    }
    expect((await fetch(`${sqs.endpoint}/bucket`, { method: 'PUT' })).status).toBe(404);
  });

  it('with far too much in them are refused', async () => {
    expect((await post(signed(), Buffer.alloc(3_000_000, 0x20))).status).toBe(413);
  });
});

describe('faults', () => {
  const send = () =>
    clientOf(sqs.adminCredentials).send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: 'x' }));

  it('come as often as told, to the calls that are named, and go again', async () => {
    sqs.faults.add({ kind: 'unavailable', times: 1, actions: ['SendMessage'] });
    await receive(clientOf(sqs.adminCredentials));
    await expect(send()).rejects.toMatchObject(refusal('ServiceUnavailable', 503));
    await send();
    const remove = sqs.faults.add({ kind: 'throttled' });
    await expect(send()).rejects.toMatchObject(refusal('RequestThrottled'));
    await expect(send()).rejects.toMatchObject(refusal('RequestThrottled'));
    remove();
    await send();
    sqs.faults.add({ kind: 'queue-gone' });
    await expect(send()).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    sqs.faults.clear();
    expect(sqs.faults.active()).toEqual([]);
    await send();
  });

  it('reset the connection before the call is carried out, or after it', async () => {
    const count = async () => (await sqs.contents(queue.queueUrl))?.ready.length ?? 0;
    const before = await count();
    sqs.faults.add({ kind: 'reset', times: 1 });
    await expect(send()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await count()).toBe(before);
    sqs.faults.add({ kind: 'reset', when: 'after', times: 1 });
    await expect(send()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await count()).toBe(before + 1);
  });
});
