import { expect, test } from 'vitest';
import { createMessageReader, PACKET } from './packet.ts';
import type { Message } from './packet.ts';
import { ProtocolError } from './protocol-error.ts';
import { clientPacket } from './raw-client.fixture.ts';

function collect(chunks: Iterable<Uint8Array>, maxMessageBytes = 1000): Message[] {
  const messages: Message[] = [];
  const reader = createMessageReader({
    maxMessageBytes: () => maxMessageBytes,
    onMessage: (message) => messages.push(message),
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return messages;
}

const stream = Buffer.concat([
  clientPacket(PACKET.batch, Buffer.from('abc'), 0),
  clientPacket(PACKET.batch, Buffer.from('def'), 0x09),
  clientPacket(PACKET.attention, Buffer.alloc(0)),
  clientPacket(PACKET.rpc, Buffer.from('x')),
]);

test.each([1, 2, 3, 7, 8, 9, 11, 100])('messages are put together from chunks of %i bytes', (size) => {
  const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
    stream.subarray(index * size, (index + 1) * size),
  );
  const messages = collect(chunks);
  expect(messages.map(({ type, status, payload }) => [type, status, payload.toString()])).toEqual([
    [PACKET.batch, 0x09, 'abcdef'],
    [PACKET.attention, 1, ''],
    [PACKET.rpc, 1, 'x'],
  ]);
});

test('a message over the limit is refused at the header that would pass it', () => {
  const part = clientPacket(PACKET.batch, Buffer.alloc(400), 0);
  expect(() => collect([part, part])).not.toThrow();
  expect(() => collect([part, part, part.subarray(0, 8)])).toThrow(ProtocolError);
});

test.each([
  ['unknown type', Buffer.from([0x55, 1, 0, 8, 0, 0, 0, 0])],
  ['length below the header', Buffer.from([1, 1, 0, 7, 0, 0, 0, 0])],
  ['length above the largest', Buffer.from([1, 1, 0x80, 0, 0, 0, 0, 0])],
])('%s is refused', (_, bytes) => {
  expect(() => collect([bytes])).toThrow(ProtocolError);
});
