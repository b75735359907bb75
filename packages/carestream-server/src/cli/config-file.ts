/* oxlint-disable eslint/no-restricted-imports -- the one place that reads the configuration file */
import { readFileSync, statSync } from 'node:fs';
import { AgentError } from '../runtime/index.ts';

const sizeMost = 1_048_576;

/**
 * Reads the configuration as whatever a Windows editor made of it: UTF-8 with or without a byte order mark, or UTF-16.
 * @throws AgentError CONFIG_FILE_MISSING, CONFIG_NOT_JSON
 */
export function readConfigFile(file: string): string {
  let bytes: Buffer;
  try {
    if (statSync(file).size > sizeMost) {
      throw new AgentError('CONFIG_NOT_JSON', { details: { file, mend: 'it is far too long for a configuration' } });
    }
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new AgentError('CONFIG_FILE_MISSING', { cause: error, details: { file, reason } });
  }
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const encoding = utf16 ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8';
  try {
    // The decoder takes the byte order mark away.
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AgentError('CONFIG_NOT_JSON', {
      cause: error,
      details: { file, mend: 'save it with the encoding UTF-8' },
    });
  }
}
