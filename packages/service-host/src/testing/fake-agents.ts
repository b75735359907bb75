/** What every fake agent begins with: how it tells its health, how it is stopped, and where the test talks to it. */
const beginning = `
import { appendFileSync, existsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
const dataDir = process.env.CARESTREAM_DATA_DIR;
const role = process.env.CARESTREAM_ROLE;
const world = (name) => existsSync(join(dataDir, 'world-' + name));
const tell = (line) => { try { writeSync(3, line + '\\n'); } catch {} };
const health = (over = {}) => {
  const broken = world('broken') ? { database: false } : {};
  tell(JSON.stringify({ event: 'health', checks: { database: true, licence: true, queue: true, upload: true, ...broken, ...over } }));
};
const every = (ms, work) => { work(); setInterval(work, ms); };
const stopAtEnd = () => { process.stdin.on('end', () => process.exit(0)); process.stdin.on('error', () => process.exit(0)); process.stdin.resume(); };
`;

const good = 'stopAtEnd(); every(20, () => health());';
const when = (condition: string, then: string): string => `if (${condition}) { ${then} } else { ${good} }`;

/** Small agents that behave in one way each. */
export const fakeAgents = {
  good,
  /** A file of the test's tells it to stage nothing, but to end with a code. */
  obedient: `${good} setInterval(() => { for (const code of [0, 10, 11, 12, 20, 21]) if (world('exit-' + code)) process.exit(code); }, 10);`,
  throwsAtStart: 'await null; throw new TypeError("a message that names Mrs Example");',
  exitsAtOnce: 'process.exit(0);',
  hangsAtStart: 'for (;;) {}',
  blind: 'stopAtEnd(); every(20, () => health({ database: false }));',
  deaf: 'stopAtEnd(); every(20, () => health({ queue: false }));',
  crashesInSoak: `${good} setTimeout(() => process.exit(1), 60);`,
  grows: `${good} setTimeout(() => { for (const held = []; ; ) held.push(new Array(100000).fill(0.5)); }, 30);`,
  misconfigured: 'process.exit(20);',
  unreachable: 'process.exit(21);',
  flaps: 'stopAtEnd(); let up = false; every(40, () => { up = !up; health(up ? {} : { licence: false }); });',
  /** Leaves the machine, as a power cut would: kills its host. */
  killsItsHost: 'process.kill(process.ppid, "SIGKILL"); stopAtEnd();',
  ignoresStop: 'process.on("SIGTERM", () => {}); process.stdin.resume(); every(20, () => health());',
  goodOnceThenHangs: 'health(); for (;;) {}',
  /** Crashes as long as the test's file is there. */
  crashesWhenTold: when('world("crash")', 'process.exit(1)'),
  /** Cannot reach Flynotes as long as the test's file is there. */
  muteWhenTold: "stopAtEnd(); every(20, () => health(world('mute') ? { licence: false } : {}));",
  telltale: `writeFileSync(join(dataDir, 'telltale.json'), JSON.stringify({ env: process.env, argv: process.argv, execArgv: process.execArgv, cwd: process.cwd() })); ${good}`,
} as const;

/** One of {@link fakeAgents}. */
export type FakeAgent = keyof typeof fakeAgents;

/** The file of a release. */
export function agentSource(agent: FakeAgent | 'throwsAtImport'): string {
  if (agent === 'throwsAtImport') return 'import "./what-is-not-there.mjs";';
  return `${beginning}\n${fakeAgents[agent]}\n`;
}
