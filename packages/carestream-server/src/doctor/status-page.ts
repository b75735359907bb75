import { errorTable, type PassFigures } from '../contract/index.ts';
import type { Status } from './status.ts';

/** A status for a person. `nowMs` tells how long ago everything was. */
export function statusPage(status: Status, nowMs: number): string {
  const codes = [...new Set([...status.warnings, ...(status.ended?.codes ?? [])])];
  const lines: (readonly [string, string])[] = [
    ['state', stateLine(status, nowMs)],
    ['version', versionLine(status)],
    ['last pass', status.lastPass === null ? 'none yet' : passLine(status.lastPass, nowMs)],
    ['R4 = Flynotes', status.lastEqualAt === null ? 'never yet' : when(status.lastEqualAt, nowMs)],
    ['queue', queueLine(status, nowMs)],
    ['reports', status.waitingReports === 0 ? 'none waits' : `${status.waitingReports} wait for delivery`],
    ['warnings', codes.length === 0 ? 'none' : ''],
  ];
  const page = lines.map(([name, text]) => `${name.padEnd(14)} ${text}`.trimEnd()).join('\n');
  const warnings = codes.map((code) => `  ${code}: ${wordsOf(code)}\n`).join('');
  return `${page}\n${warnings}`;
}

function stateLine({ running, since, ended, lastSeenAt }: Status, nowMs: number): string {
  const from = since === null ? 'for an unknown time' : `since ${when(since, nowMs)}`;
  if (running) return `running ${from}`;
  if (ended !== null) return `not running ${from}: ${ended.reason}, exit code ${ended.exitCode}`;
  return lastSeenAt === null
    ? 'not running'
    : `not running; it was last seen ${when(lastSeenAt, nowMs)} and did not say why it ended`;
}

function versionLine({ version, hostVersion, update }: Status): string {
  const host = hostVersion === null ? '' : `, host ${hostVersion}`;
  const dictated = update?.dictated ?? null;
  const next =
    update === null || update.state === 'current'
      ? ''
      : `; Flynotes dictates ${dictated ?? 'another'}: ${update.state}${update.code === undefined ? '' : ` (${update.code})`}`;
  return version === null ? 'unknown' : `${version}${host}${next}`;
}

function passLine(pass: PassFigures, nowMs: number): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const outcome = `${pass.outcome}${pass.code === undefined ? '' : ` (${pass.code})`}`;
  const refused = Object.values({ ...pass.refusedByAgent }).reduce((sum, count) => sum + count, 0);
  return [
    `${outcome} ${when(pass.endedAt ?? pass.startedAt, nowMs)}`,
    `${pass.patients} patients in ${pass.pages} pages`,
    `${pass.changed} changed, ${pass.removed} removed, ${refused} left out`,
    `${pass.rows} rows read in ${seconds(pass.readMs)}, paused ${seconds(pass.pausedMs)}`,
  ].join('; ');
}

function queueLine({ queue }: Status, nowMs: number): string {
  if (queue === null || queue.lastReceiveAt === null) return 'nothing received yet';
  const lag = queue.lagMs === null ? '' : `; the latest message waited ${Math.round(queue.lagMs)} ms`;
  return `answered ${when(queue.lastReceiveAt, nowMs)}${lag}; ${queue.inFlight} in work`;
}

/** `2026-11-23 01:02:03Z (5 minutes ago)`. */
function when(instant: string, nowMs: number): string {
  const shown = instant.replace('T', ' ').replace(/\.\d+/, '');
  const seconds = Math.round((nowMs - Date.parse(instant)) / 1_000);
  if (!Number.isFinite(seconds) || seconds < 0) return shown;
  const [count, unit] =
    seconds < 120
      ? [seconds, 'seconds']
      : seconds < 7_200
        ? [Math.round(seconds / 60), 'minutes']
        : seconds < 172_800
          ? [Math.round(seconds / 3_600), 'hours']
          : [Math.round(seconds / 86_400), 'days'];
  return `${shown} (${count} ${unit} ago)`;
}

function wordsOf(code: string): string {
  if (!Object.hasOwn(errorTable, code)) return 'not known to this version';
  const { happened, todo } = errorTable[code as keyof typeof errorTable];
  return `${happened} ${todo}`;
}
