import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../steps.ts';
import { call } from './call.ts';

const sources = path.join(root, 'packages/service-host/windows');
const compiler = 'x86_64-w64-mingw32-gcc';

/** Warnings are errors; the linker writes no time into the file, so that the same source gives the same bytes. */
const flags = [
  '-std=c17',
  '-municode',
  '-DUNICODE',
  '-D_WIN32_WINNT=0x0A00',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Wpedantic',
  '-Wconversion',
  '-Wshadow',
  '-Wvla',
  '-Werror',
  '-fstack-protector-strong',
  '-static',
  '-s',
  '-Wl,--no-insert-timestamp',
  '-Wl,--dynamicbase,--nxcompat,--high-entropy-va',
];

const shared = ['data-folder.c', 'registration.c'];

/** The two programs in C, built by mingw-w64. */
export interface NativeParts {
  readonly service: string;
  /** The library inside the MSI. */
  readonly actions: string;
}

/** Builds the service's program and the installer's library into `folder`. @throws Error with the compiler's words */
export function buildNativeParts(folder: string, version: string): NativeParts {
  const parts = {
    service: path.join(folder, 'carestream-service.exe'),
    actions: path.join(folder, 'msi-actions.dll'),
  };
  const scratch = mkdtempSync(path.join(tmpdir(), 'carestream-native-build-'));
  try {
    const resource = path.join(scratch, 'version.o');
    call('x86_64-w64-mingw32-windres', [
      `-DVERSION_NUMBERS=${version.replace(/[-+].*$/, '').replaceAll('.', ',')},0`,
      `-DVERSION_TEXT=\\"${version}\\"`,
      path.join(sources, 'carestream-service.rc'),
      resource,
    ]);
    const from = (names: readonly string[]) => names.map((name) => path.join(sources, name));
    call(compiler, [
      ...flags,
      ...from(['carestream-service.c', 'control.c', ...shared]),
      resource,
      '-o',
      parts.service,
      '-ladvapi32',
      '-lshell32',
    ]);
    call(compiler, [
      ...flags,
      '-shared',
      // Otherwise the linker derives it from the output's path.
      '-Wl,--image-base,0x180000000',
      ...from(['msi-actions.c', ...shared]),
      '-o',
      parts.actions,
      '-ladvapi32',
      '-lmsi',
    ]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return parts;
}
