import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const loader = '/usr/lib/wine/wine64';
const server = '/usr/lib/wine/wineserver64';
const systemKernelbase = '/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/kernelbase.dll';
/** Marks Wine's own libraries; one without it is loaded from the prefix, as if it were somebody else's. */
const builtinMark = 'Wine builtin DLL';
const builtinMarkAt = 0x40;

/** Whether Debian's Wine is here. */
export const wineIsThere = existsSync(loader) && existsSync(server) && existsSync(systemKernelbase);

/** A Windows program's end. */
export interface WineRun {
  /** Unix sees the lowest byte of it only: 1603 is 67. */
  readonly exitCode: number | null;
  readonly output: string;
}

/** A Windows of its own, in one folder, which no other Wine on this machine knows of. */
export interface Wine extends AsyncDisposable {
  /** Runs a program by its Windows or Unix path. */
  run(program: string, words: readonly string[], withinMs?: number): Promise<WineRun>;
  /** Where a Windows path lies on this machine: `C:\\ProgramData`. */
  at(windowsPath: string): string;
  /** Makes it a Windows 10 on which Node.js 24 runs; before that it is a Windows 7. */
  becomeWindows10(): Promise<void>;
  /** The processes of this Windows, by their command lines. */
  processes(): readonly { readonly pid: number; readonly command: string }[];
}

/** Sets up a new Windows below `folder`. */
export async function createWine(folder: string): Promise<Wine> {
  const prefix = path.join(folder, 'windows');
  mkdirSync(prefix, { recursive: true });
  const environment = {
    PATH: process.env['PATH'],
    HOME: folder,
    LANG: 'C.UTF-8',
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    // No questions for Mono and Gecko, no menus.
    WINEDLLOVERRIDES: 'mscoree,mshtml,winemenubuilder.exe=',
  };
  let runs = 0;

  async function run(program: string, words: readonly string[], withinMs = 120_000): Promise<WineRun> {
    runs += 1;
    // A file: Wine's programs cannot write to a pipe that Linux gave them.
    const file = path.join(folder, `output-${runs}.txt`);
    const output = openSync(file, 'w');
    const child = spawn(loader, [program, ...words], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    const late = setTimeout(() => child.kill('SIGKILL'), withinMs);
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code));
    });
    clearTimeout(late);
    const text = readFileSync(file, 'utf8').replaceAll('\r', '');
    rmSync(file, { force: true });
    return { exitCode, output: text };
  }

  const toServer = (word: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = spawn(server, [word], { env: environment, stdio: 'ignore' });
      child.once('error', reject);
      child.once('exit', () => resolve());
    });

  const processes = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const of = (what: string): string[] =>
            readFileSync(`/proc/${name}/${what}`, 'utf8').split('\0').filter(Boolean);
          return of('environ').includes(`WINEPREFIX=${prefix}`)
            ? [{ pid: Number(name), command: of('cmdline').join(' ') }]
            : [];
        } catch {
          // It ended meanwhile, or is somebody else's.
          return [];
        }
      });

  // Persistent, or Wine would "shut down" between two commands and start its services anew.
  await toServer('-p');
  await run('wineboot', ['-i']);
  return {
    run,
    processes,
    at: (windowsPath) => path.join(prefix, 'drive_c', ...windowsPath.replace(/^C:\\/i, '').split('\\')),
    async becomeWindows10() {
      await run('winecfg', ['/v', 'win10']);
      await run('reg', ['add', 'HKCU\\Software\\Wine\\DllOverrides', '/v', 'kernelbase', '/d', 'native,builtin', '/f']);
      // A Server 2016: for later builds libuv uses socket options that Wine lacks, and `fetch` could not connect.
      const version = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';
      for (const name of ['CurrentBuild', 'CurrentBuildNumber']) {
        await run('reg', ['add', version, '/v', name, '/t', 'REG_SZ', '/d', '14393', '/f']);
      }
      await toServer('-k');
      writeFileSync(path.join(prefix, 'drive_c/windows/system32/kernelbase.dll'), kernelbaseForNode());
      await toServer('-p');
    },
    async [Symbol.asyncDispose]() {
      await toServer('-k');
      const endsAt = performance.now() + 10_000;
      while (processes().length > 0 && performance.now() < endsAt)
        await new Promise((resolve) => setTimeout(resolve, 50));
      for (const { pid } of processes()) process.kill(pid, 'SIGKILL');
    },
  };
}

/**
 * Wine 8 has VirtualAlloc2 but not all of what Node.js 24 asks of it, and V8 aborts; without the name V8 does without it. A copy of the
 * library in this one prefix goes without the name, and without Wine's mark, so that it is loaded in place of the system's: neither
 * the Wine of this machine nor node.exe is changed.
 */
function kernelbaseForNode(): Buffer {
  const library = readFileSync(systemKernelbase);
  const name = Buffer.from('\0VirtualAlloc2\0');
  let found = 0;
  for (let at = library.indexOf(name); at !== -1; at = library.indexOf(name, at + 1)) {
    library.write('1', at + name.length - 2, 'latin1');
    found += 1;
  }
  if (found === 0 || library.toString('latin1', builtinMarkAt, builtinMarkAt + builtinMark.length) !== builtinMark) {
    throw new Error('this is another Wine than the one whose library is known how to change');
  }
  library.fill(0, builtinMarkAt, builtinMarkAt + 32);
  return library;
}
