import { existsSync } from 'node:fs';
import path from 'node:path';
import { agentUpdateCases, type UpdateCase } from '../packages/carestream-server/src/update/update-cases.ts';
import { root } from './steps.ts';

/** The host's own table: `hostUpdateCases`, of the same shape. The two packages know nothing of each other. */
const hostFile = path.join(root, 'packages/service-host/src/update-cases.ts');

/** `docs/security/updates.md`: what was tried against updates, and what came of it. */
export async function updatesPage(generated: string): Promise<string> {
  const hostCases = existsSync(hostFile)
    ? ((await import(hostFile)) as { hostUpdateCases: readonly UpdateCase[] }).hostUpdateCases
    : [];
  return `# Updates: what is refused or undone

${generated}

## Who could do what

| what was stolen or taken over | what its thief can do | what stops more |
|---|---|---|
| the registry, its disk, or a publisher's token | nothing but keep a release from arriving | the release manifest is signed offline; a tarball counts only by the SHA-512 in it |
| the token that agents read with | read releases | it may not publish |
| Flynotes' server with its online key | choose among genuine releases, not below the floor; keep new ones from being told of | a manifest by the online key opens nothing: each key serves one purpose. However high its thief drives number and floor, they bind only until \`keys.json\` pins another key |
| the line between practice and Flynotes | nothing but keep the agent from hearing | TLS; each directive answers one request's nonce, has an end, and its number only grows |
| the service's account at a practice | what the agent itself can do there, for as long as it is had: read R4, end the agent, change a file in the instant between verifying and launching, make an older genuine release run | every file is compared with the signed manifest before each launch, so that nothing planted stays; the host, its Node.js and its keys are the administrators' |
| the offline release key | everything, at every practice that trusts it | it never touches a machine on a network, opens by a passphrase alone, and a spare is pinned beside it ([the ceremony](../guide/release.md)) |

Order in the agent: the directive's signature, practice, nonce, end, number and floor; the manifest's signature; what this machine can run;
space on the disk; then the tarball's size and SHA-512 before anything is decompressed; decompression with a cap; an archive of plain files
alone; the SHA-512 of each file. The signed manifest is written last: a folder without it is no release. The host verifies directive and
folder again by itself, and the folder before every launch.

## Refused by the agent

A refusal is reported once for each release, attempt and reason, stands in every heartbeat, and changes nothing of what runs.

${table(agentUpdateCases.map(({ code, ...each }) => ({ ...each, outcome: `\`${code}\`: ${each.outcome}` })))}
${hostCases.length === 0 ? '' : `\n## Refused or undone by the host\n\n${table(hostCases)}`}`;
}

function table(cases: readonly UpdateCase[]): string {
  const rows = cases.map(({ name, what, outcome, test }) => `| \`${name}\` | ${what} | ${outcome} | ${linkTo(test)} |`);
  return `| case | what | outcome | test |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function linkTo(test: string): string {
  return `[${path.basename(test)}](../../${test})`;
}
