import { parseArgs } from 'node:util';
import path from 'node:path';
import { root, say } from './steps.ts';
import { buildWindowsMsi } from './windows/build-windows-msi.ts';
import { provision } from './provision.ts';

const usage = `npm run windows:msi -- [--release BASE.release.json --keys keys.json] [--out FILE.msi]
    [--certificate CERT.pem --certificate-key KEY.pem | --pkcs12 FILE] [--timestamp URL]

--release      a signed release, its tarball beside it (npm run release:sign); the version that runs first
--keys         the public keys that the host trusts for ever
               Without both, the working tree is packed and signed with keys made for the occasion: for trying out, not for release.
--certificate  signs the service, the installer's library and the MSI (osslsigncode). Its passphrase, if any, is taken from
               WINDOWS_CERTIFICATE_PASSPHRASE. --timestamp names an RFC 3161 server, so that signatures outlive the certificate.`;

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    release: { type: 'string' },
    keys: { type: 'string' },
    certificate: { type: 'string', ...defaultOf('WINDOWS_CERTIFICATE') },
    'certificate-key': { type: 'string', ...defaultOf('WINDOWS_CERTIFICATE_KEY') },
    pkcs12: { type: 'string', ...defaultOf('WINDOWS_CERTIFICATE_PKCS12') },
    timestamp: { type: 'string', ...defaultOf('WINDOWS_TIMESTAMP_URL') },
    help: { type: 'boolean', default: false },
  },
});

function defaultOf(variable: string): { default?: string } {
  const value = process.env[variable];
  return value === undefined || value === '' ? {} : { default: value };
}

async function main(): Promise<number> {
  if (values.help) {
    say(usage);
    return 0;
  }
  const missing = provision(say, ['windows']);
  if (missing.length > 0) {
    process.stderr.write(`windows:msi needs ${missing.join(', ')}\n`);
    return 1;
  }
  if ((values.release === undefined) !== (values.keys === undefined)) {
    throw new Error('--release and --keys go together');
  }
  const out = values.out;
  const built = await buildWindowsMsi(
    {
      ...(out === undefined ? { outFolder: path.join(root, 'release') } : { out: path.resolve(out) }),
      ...(values.release !== undefined && values.keys !== undefined
        ? { release: { signed: path.resolve(values.release), keys: path.resolve(values.keys) } }
        : {}),
      ...signatureOf(),
    },
    say,
  );
  say(`\n${built.msi}\n${built.sizeBytes} bytes, SHA-256 ${built.sha256}`);
  if (!built.signed) say('It is not signed: Windows will warn of an unknown publisher.');
  if (built.developmentKeys !== null) {
    say(
      `\n*** NOT FOR RELEASE: it trusts keys that were made for this build, whose private halves lie in ${built.developmentKeys} ***`,
    );
  }
  return 0;
}

function signatureOf() {
  const passphrase = process.env['WINDOWS_CERTIFICATE_PASSPHRASE'];
  const more = {
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(values.timestamp === undefined ? {} : { timestampUrl: values.timestamp }),
  };
  if (values.pkcs12 !== undefined) return { signature: { pkcs12: values.pkcs12, ...more } };
  if (values.certificate === undefined) return {};
  const key = values['certificate-key'];
  if (key === undefined) throw new Error('--certificate needs --certificate-key');
  return { signature: { certificate: values.certificate, key, ...more } };
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`windows:msi: ${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
}
