import { Agent, request } from 'node:http';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type ReceiveMessageCommandOutput,
} from '@aws-sdk/client-sqs';
import { Connection, Request, TYPES } from 'tedious';
import type { BenchPractice, World } from './world.ts';

/** The three round trips of a patient-sync, each alone and with nothing around it; in milliseconds. */
export interface RawLegs extends AsyncDisposable {
  /** From the send call's return to the answer of a waiting long poll. */
  receive(): Promise<number>;
  /** The agent's own batch of SELECTs over raw tedious. */
  select(patientCode: number): Promise<number>;
  /** The agent's own body over a kept connection of node:http. */
  put(patientCode: number, record: unknown): Promise<number>;
}

/**
 * @param practice - a practice of its own at the same server, with a queue of its own
 * @param statement - the text that the agent reads one patient with
 */
export async function openRawLegs(world: World, practice: BenchPractice, statement: string): Promise<RawLegs> {
  const receiver = world.sqsClient();
  const sender = world.sqsClient();
  const connection = await connect(world.r4Port);
  const agent = new Agent({ keepAlive: true });
  let readSequence = 0;

  return {
    async receive() {
      const receiving = receiver
        .send(
          new ReceiveMessageCommand({
            QueueUrl: practice.queueUrl,
            MaxNumberOfMessages: 10,
            WaitTimeSeconds: 20,
            VisibilityTimeout: 30,
            MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
          }),
        )
        .then((answer: ReceiveMessageCommandOutput) => ({ answer, at: performance.now() }));
      // The poll is to wait before the message comes.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await sender.send(
        new SendMessageCommand({
          QueueUrl: practice.queueUrl,
          MessageBody: '{"type":"patient-sync","patientCode":1000123}',
        }),
      );
      const sentAt = performance.now();
      const { answer, at } = await receiving;
      for (const { ReceiptHandle } of answer.Messages ?? [])
        await sender.send(new DeleteMessageCommand({ QueueUrl: practice.queueUrl, ReceiptHandle }));
      return Math.max(0, at - sentAt);
    },
    async select(patientCode) {
      const startedAt = performance.now();
      await new Promise<void>((resolve, reject) => {
        const asked = new Request(statement, (error) => (error ? reject(error) : resolve()));
        asked.addParameter('code', TYPES.Int, patientCode);
        connection.execSql(asked);
      });
      return performance.now() - startedAt;
    },
    async put(patientCode, record) {
      readSequence += 1;
      const body = JSON.stringify({ readSequence, messageId: 'raw', record });
      const startedAt = performance.now();
      const status = await new Promise<number>((resolve, reject) => {
        const asked = request(
          `${world.flynotesUrl}/v1/patients/${patientCode}`,
          {
            method: 'PUT',
            agent,
            headers: {
              authorization: `Bearer ${practice.licenceKey}`,
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(body),
            },
          },
          (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)),
        );
        asked.on('error', reject).end(body);
      });
      const elapsedMs = performance.now() - startedAt;
      if (status !== 200) throw new Error(`A PUT was answered with ${status}.`);
      return elapsedMs;
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      receiver.destroy();
      sender.destroy();
      const closed = new Promise<void>((resolve) => connection.once('end', () => resolve()));
      connection.close();
      await closed;
    },
  };
}

async function connect(port: number): Promise<Connection> {
  const connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options: { userName: 'flynotes_reader', password: 'reader-password' } },
    options: {
      port,
      database: 'sys2000',
      encrypt: false,
      trustServerCertificate: true,
      tdsVersion: '7_3_B',
      packetSize: 32_767,
      requestTimeout: 0,
    },
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  return connection;
}
