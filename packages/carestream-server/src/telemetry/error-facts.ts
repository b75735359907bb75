import { fileURLToPath } from 'node:url';
import { isAgentError, type EventFields } from '../runtime/index.ts';
import { isClassName, isFrame, isName } from './fields.ts';

/** The folder (of sources), or package (of the bundle), below which a stack frame is our own. */
const ownRoot = new URL('..', import.meta.url).href;
const framesMost = 12;
const causesMost = 5;
/** Codes that Node.js, its fetch and its TLS give: never text from outside. */
const systemCode =
  /^(?:E[A-Z0-9]{2,20}|ERR_[A-Z0-9_]{2,60}|UND_ERR_[A-Z_]{2,40}|(?:CERT|DEPTH|SELF|UNABLE)_[A-Z_]{2,60})$/;

/** What may be told of an error: class, code, own frames, numbers and names. Its message is never read for the report. */
export function factsOf(error: unknown, area: string): EventFields<'error'> {
  const chain = causesOf(error);
  const origin = chain.findLast((link) => !isAgentError(link)) ?? chain.at(-1);
  const details: Record<string, number> = {};
  const names: string[] = [];
  for (const link of chain) {
    if (!isAgentError(link)) continue;
    for (const [key, value] of Object.entries(link.details)) {
      if (typeof value === 'number') details[key] ??= value;
      else if (typeof value === 'boolean') details[key] ??= value ? 1 : 0;
      else if (isName(`${key}=${value}`)) names.push(`${key}=${value}`);
    }
  }
  for (const link of chain) {
    const code = systemCodeOf(link);
    if (code !== undefined && !names.includes(`cause=${code}`)) names.push(`cause=${code}`);
  }
  const agentError = chain.find(isAgentError);
  return {
    code: agentError?.code ?? 'CRASH',
    area,
    class: classOf(origin),
    disposition: agentError?.disposition ?? 'fatal',
    ...(Object.keys(details).length > 0 ? { details } : {}),
    ...(names.length > 0 ? { names } : {}),
    frames: ownFramesOf(error),
  };
}

/** The error and what caused it, outermost first. Cycles end. */
function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let link = error; link !== undefined && link !== null && chain.length < causesMost;) {
    if (chain.includes(link)) break;
    chain.push(link);
    link = read(link, 'cause');
  }
  return chain.length > 0 ? chain : [error];
}

/** Reads a property of something unknown; a getter that throws, or a proxy, yields nothing. */
function read(value: unknown, key: string): unknown {
  try {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  } catch {
    return undefined;
  }
}

/** The name of the constructor: source code gave it, whereas `error.name` can be set to anything. */
export function classOf(error: unknown): string {
  const name = constructorName(error);
  return typeof name === 'string' && isClassName(name) ? name : typeof error === 'object' ? 'Error' : 'Thrown';
}

function constructorName(error: unknown): unknown {
  try {
    const constructor: unknown = (error as { constructor?: unknown } | null | undefined)?.constructor;
    return typeof constructor === 'function' ? constructor.name : undefined;
  } catch {
    return undefined;
  }
}

function systemCodeOf(error: unknown): string | undefined {
  const code = read(error, 'code');
  return typeof code === 'string' && !isAgentError(error) && systemCode.test(code) ? code : undefined;
}

/**
 * The frames of our own files, nearest first: `upload/bulk-pass.ts:41:7 runPass`, or without the name. A stack begins with the message, so that part is cut off
 * first, and a frame counts only below our own folder: a message cannot pretend to be a frame.
 */
export function ownFramesOf(error: unknown, root: string = ownRoot): string[] {
  const stack = read(error, 'stack');
  if (typeof stack !== 'string') return [];
  const message = read(error, 'message');
  const at = typeof message === 'string' && message !== '' ? stack.indexOf(message) : -1;
  const trace = at < 0 ? stack : stack.slice(at + (message as string).length);
  // V8 writes module URLs; loaders and CommonJS leave paths.
  const roots = [root, fileURLToPath(root)];
  const frames: string[] = [];
  for (const line of trace.split('\n')) {
    const own = roots.find((each) => line.includes(each));
    if (own === undefined || !/^\s+at /.test(line)) continue;
    const rest = line.slice(line.lastIndexOf(own) + own.length).replace(/\)$/, '');
    const place = rest.replaceAll('\\', '/');
    // `at async pass (file…)`, `at Reader.page (file…)`. A release is one file, in which a line alone says little.
    const [, name] = /^\s+at (?:async )?([^\s()]+) \(/.exec(line) ?? [];
    const frame = name === undefined ? place : `${place} ${name}`;
    if (isFrame(frame)) frames.push(frame);
    else if (isFrame(place)) frames.push(place);
    if (frames.length === framesMost) break;
  }
  return frames;
}
