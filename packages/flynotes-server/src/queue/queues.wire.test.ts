import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startQueues } from '../testing/server-under-test.ts';
import { createAwsQueues } from './aws-queue.ts';
import { createLocalQueues } from './local-queue.ts';

describe('queues of an emulator', () => {
  let emulator: Awaited<ReturnType<typeof startQueues>>;
  beforeAll(async () => {
    emulator = await startQueues();
  });
  afterAll(() => emulator[Symbol.asyncDispose]());

  it('have a dead-letter queue, and can be made again', async () => {
    const queues = createLocalQueues({ ...emulator.options, receivesMost: 2, visibilityS: 0 });
    const queue = await queues.createQueue('highgate');
    expect(await queues.createQueue('highgate')).toEqual(queue);
    expect(queue.url).toBe(`${emulator.endpoint}/000000000000/carestream-highgate`);
    const client = new SQSClient({
      region: 'eu-west-2',
      endpoint: emulator.endpoint,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ['RedrivePolicy'] }),
    );
    expect(JSON.parse(Attributes?.['RedrivePolicy'] ?? '')).toMatchObject({
      deadLetterTargetArn: expect.stringMatching(/carestream-highgate-dead-letters$/),
    });

    expect(await queues.deadLetters(queue)).toEqual({ count: 0, letters: [] });
    const { messageId } = await queues.send(queue, 'no message');
    const receive = () => client.send(new ReceiveMessageCommand({ QueueUrl: queue.url, WaitTimeSeconds: 0 }));
    for (let received = 0; received < 4; received++) await receive();
    const dead = await queues.deadLetters(queue);
    expect(dead).toMatchObject({ count: 1, letters: [{ messageId, body: 'no message' }] });
    // A look takes nothing away.
    expect((await queues.deadLetters(queue)).count).toBe(1);
    client.destroy();
    queues.close();
  });

  it('says with a code what fails', async () => {
    const queues = createLocalQueues({ ...emulator.options, issuerUrl: 'http://127.0.0.1:1' });
    const queue = {
      url: `${emulator.endpoint}/000000000000/none`,
      deadLetterUrl: `${emulator.endpoint}/000000000000/none`,
      region: 'eu-west-2',
    };
    await expect(queues.send(queue, 'x')).rejects.toMatchObject({ problem: { code: 'QUEUE_MISSING', status: 503 } });
    await expect(queues.issueCredentials(queue, 60)).rejects.toMatchObject({
      problem: { code: 'QUEUE_UNREACHABLE', status: 502 },
    });
    queues.close();
  });
});

describe('queues of AWS', () => {
  it('ask STS for keys to one queue, for 36 hours', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    const asked: URLSearchParams[] = [];
    const sts = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        asked.push(new URLSearchParams(Buffer.concat(chunks).toString()));
        response.setHeader('content-type', 'text/xml');
        response.end(`<GetFederationTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetFederationTokenResult><Credentials>
          <AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
          <Expiration>2026-01-02T22:00:00Z</Expiration></Credentials></GetFederationTokenResult></GetFederationTokenResponse>`);
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => sts.once('listening', resolve));
    const queues = createAwsQueues({
      region: 'eu-west-2',
      namePrefix: 'carestream-',
      stsEndpoint: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
    });
    const url = 'https://sqs.eu-west-2.amazonaws.com/123456789012/carestream-highgate';
    const keys = await queues.issueCredentials({ url, deadLetterUrl: url, region: 'eu-west-2' }, 129_600);
    expect(keys).toEqual({
      accessKeyId: 'ASIAEXAMPLE',
      secretAccessKey: 's',
      sessionToken: 't',
      expiresAt: '2026-01-02T22:00:00.000Z',
    });
    expect(asked[0]?.get('Action')).toBe('GetFederationToken');
    expect(asked[0]?.get('DurationSeconds')).toBe('129600');
    expect(JSON.parse(asked[0]?.get('Policy') ?? '')).toMatchObject({
      Statement: [{ Resource: 'arn:aws:sqs:eu-west-2:123456789012:carestream-highgate' }],
    });
    queues.close();
    sts.close();
    sts.closeAllConnections();
    vi.unstubAllEnvs();
  });
});
