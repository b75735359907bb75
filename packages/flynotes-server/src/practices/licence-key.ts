import { createHash, randomBytes } from 'node:crypto';

/** Crockford's alphabet: no letters that are read for each other over the telephone. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const prefix = 'fln_';

/** A new licence key: 32 random bytes. It is shown once; only its hash is kept. */
export function createLicenceKey(): string {
  let out = prefix;
  let rest = 0;
  let bits = 0;
  for (const byte of randomBytes(32)) {
    rest = (rest << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += alphabet[(rest >> bits) & 31];
      rest &= (1 << bits) - 1;
    }
  }
  return bits > 0 ? out + alphabet[(rest << (5 - bits)) & 31] : out;
}

/**
 * What is stored and looked up. A key is 256 random bits, so a plain hash cannot be searched, and looking a hash up
 * tells nothing by its time about the key.
 */
export function licenceKeyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
