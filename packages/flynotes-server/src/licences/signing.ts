import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { pinnedKeyOf, signEnvelope } from '@flynotes/carestream-server/api';
import type { Directive, SignedEnvelope } from '@flynotes/carestream-server/api';
import type { Database } from '../database/index.ts';
import { one } from '../database/index.ts';

/** Signs directives with the key that this server's database holds. */
export interface DirectiveSigner {
  readonly keyId: string;
  /** SPKI, base64: what agents are told to trust. */
  readonly publicKey: string;
  sign(directive: Directive): SignedEnvelope;
}

/** Loads the online key, made at the first start of the first server. */
export async function loadDirectiveSigner(database: Database): Promise<DirectiveSigner> {
  const made = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  // Servers that start together: the first one's key is everybody's.
  const stored = await one(
    database.query<{ key: string }>(
      `insert into signing_key (private_key) values ($1)
       on conflict (single) do update set private_key = signing_key.private_key returning private_key as key`,
      [made],
    ),
  );
  const privateKey = createPrivateKey({ key: Buffer.from(stored.key, 'base64'), format: 'der', type: 'pkcs8' });
  const { keyId, spki } = pinnedKeyOf(privateKey);
  return {
    keyId,
    publicKey: spki,
    sign: (directive) => signEnvelope(Buffer.from(JSON.stringify(directive)), 'directive', privateKey),
  };
}
