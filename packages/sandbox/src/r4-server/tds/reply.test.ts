import { expect, test } from 'vitest';
import { writeBytes } from './byte-writer.ts';
import { createMessageReader, PACKET } from './packet.ts';
import type { Message } from './packet.ts';
import { createReply } from './reply.ts';

function collect() {
  const messages: Message[] = [];
  const lengths: number[] = [];
  const ids: number[] = [];
  const reader = createMessageReader({
    maxMessageBytes: () => 1e7,
    onMessage: (message) => messages.push({ ...message, payload: Buffer.from(message.payload) }),
  });
  const sink = {
    closed: false,
    write: (packets: Buffer, sent: () => void) => {
      for (let at = 0; at < packets.length; at += packets.readUInt16BE(at + 2)) {
        lengths.push(packets.readUInt16BE(at + 2));
        ids.push(packets.readUInt8(at + 6));
      }
      reader.push(packets);
      // Overwritten at once, as a reused buffer would be.
      packets.fill(0xee);
      sent();
      return undefined;
    },
  };
  return { messages, lengths, ids, reply: createReply(sink, 51) };
}

test.each([512, 4096, 32_767])(
  'bytes of any number are cut into packets of %i and put together again',
  async (packetBytes) => {
    const { messages, lengths, reply } = collect();
    reply.packetBytes = packetBytes;
    const body = packetBytes - 8;
    for (const size of [0, 1, body - 1, body, body + 1, 3 * body, 200_001]) {
      messages.length = 0;
      lengths.length = 0;
      const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
      for (let at = 0; at < size; at += 50_000) {
        writeBytes(reply.out, bytes.subarray(at, at + 50_000));
        await reply.flush();
      }
      await reply.end();
      expect(messages).toHaveLength(1);
      expect(messages[0]!.type).toBe(PACKET.reply);
      expect(messages[0]!.payload.equals(bytes)).toBe(true);
      expect(lengths.slice(0, -1).every((length) => length === packetBytes)).toBe(true);
    }
  },
);

test('packet numbers count from 1 in each message, and sent bytes from 0', async () => {
  const { ids, reply } = collect();
  for (let message = 0; message < 2; message += 1) {
    writeBytes(reply.out, Buffer.alloc(9000));
    await reply.flush();
    expect(reply.sentBytes).toBe(8176);
    await reply.end();
    expect(reply.sentBytes).toBe(0);
  }
  expect(ids).toEqual([1, 2, 3, 1, 2, 3]);
});
