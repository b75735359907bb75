import { parseMessage } from '@flynotes/carestream-server/messages';
import type { DeadLetter } from '../queue/index.ts';

const tellableFields = new Set(['type', 'patientCode', 'requestedAt', 'schemaVersion']);

/** What can be told of a dead letter without telling what stands in it. */
export function deadLetterShape({ body, ...letter }: DeadLetter) {
  const parsed = parseMessage(body);
  return {
    ...letter,
    sizeBytes: Buffer.byteLength(body),
    shape: {
      outcome: parsed.outcome,
      reason: parsed.outcome === 'invalid' ? parsed.reason : null,
      type: parsed.outcome === 'message' ? parsed.message.type : parsed.outcome === 'unknown-type' ? parsed.type : null,
      fields: fieldTypes(body),
    },
  };
}

function fieldTypes(body: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => tellableFields.has(key))
      .map(([key, item]) => [key, item === null ? 'null' : Array.isArray(item) ? 'array' : typeof item]),
  );
}
