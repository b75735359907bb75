import { randomUUID } from 'node:crypto';
import type { Level } from '../contract/index.ts';
import type { EventName } from '../runtime/index.ts';
import type { FieldValue } from './fields.ts';

/** One event that has passed the check of its fields. */
export interface CheckedEvent {
  readonly name: EventName;
  readonly level: Level;
  readonly atMs: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** What is told of the sender with each item. */
export interface Sender {
  readonly version: string;
  readonly practiceId: string | null;
}

/**
 * An item of Rollbar's API, without the environment, which is known only when it is sent. It is built here, field by field, from a
 * checked event: no message of an error, no arguments of the process, no host name, no source.
 * @see https://docs.rollbar.com/reference/create-item
 */
export function rollbarItemOf(event: CheckedEvent, sender: Sender): RollbarItem {
  const { frames, class: className, ...rest } = event.fields;
  const code = textOf(rest['code']);
  const thrown = textOf(className);
  const isFault = className !== undefined || event.name === 'error';
  return {
    uuid: randomUUID(),
    level: event.level,
    timestamp: Math.floor(event.atMs / 1000),
    code_version: sender.version,
    platform: process.platform,
    language: 'javascript',
    framework: 'carestream-server',
    title: code === undefined ? event.name : `${event.name} ${code}`,
    // Occurrences of one cause in one place are one item.
    fingerprint: [event.name, code, thrown, placeOf(listOf(frames)[0])].filter((part) => part !== undefined).join(' '),
    ...(sender.practiceId === null ? {} : { person: { id: sender.practiceId } }),
    body: isFault
      ? {
          trace: {
            frames: framesOf(frames),
            exception: { class: code ?? thrown ?? event.name },
          },
        }
      : { message: { body: event.name } },
    custom: {
      event: event.name,
      practice: sender.practiceId,
      ...(className === undefined ? {} : { class: className }),
      ...rest,
    },
    notifier: { name: '@flynotes/carestream-server', version: sender.version },
  };
}

/** The `data` of an item, as it waits in the outbox. */
export interface RollbarItem {
  readonly uuid: string;
  readonly level: Level;
  readonly [field: string]: unknown;
}

interface RollbarFrame {
  readonly filename: string;
  readonly lineno?: number;
  readonly colno?: number;
  readonly method?: string;
}

function partsOf(frame: string) {
  const [, filename = frame, lineno, colno, method] = /^(.+?):(\d+):(\d+)(?: (\S+))?$/.exec(frame) ?? [];
  return { filename, lineno, colno, method };
}

/** Where an error came from, the same in the next version too where the function has a name. */
function placeOf(frame: string | undefined): string | undefined {
  if (frame === undefined) return undefined;
  const { filename, method } = partsOf(frame);
  return method === undefined ? frame : `${filename} ${method}`;
}

/** Rollbar wants the outermost frame first; ours are nearest first. */
function framesOf(frames: FieldValue | undefined): RollbarFrame[] {
  const list: RollbarFrame[] = listOf(frames).map((frame) => {
    const { filename, lineno, colno, method } = partsOf(frame);
    return { filename, lineno: Number(lineno), colno: Number(colno), ...(method === undefined ? {} : { method }) };
  });
  return list.length > 0 ? list.reverse() : [{ filename: 'unknown' }];
}

function textOf(value: FieldValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function listOf(value: FieldValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
