import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { hostEnvironment, nativeFiles } from '../../contract/host-names.ts';
import type { DriverFault } from './messages.ts';

/** What is used of `msnodesqlv8`. */
export interface NativeDriver {
  open(
    options: { readonly conn_str: string; readonly conn_timeout: number },
    done: (error: unknown, connection: NativeConnection) => void,
  ): void;
}

/** An open ODBC connection. */
export interface NativeConnection {
  setUseUTC(on: boolean): void;
  setUseNumericString(on: boolean): void;
  queryRaw(text: string, values: readonly number[]): NativeQuery;
  close(done: () => void): void;
}

/** A column as ODBC describes it. */
export interface NativeColumn {
  readonly name: string;
  /** `int`, `nvarchar`, `int identity`, … */
  readonly sqlType: string;
}

/** A running query. */
export interface NativeQuery {
  on(event: 'meta', listener: (columns: readonly NativeColumn[]) => void): void;
  on(event: 'row', listener: (index: number) => void): void;
  on(event: 'column', listener: (index: number, value: unknown, more: boolean) => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'free', listener: () => void): void;
}

/** The native driver, or why there is none. */
export type LoadedDriver = { readonly driver: NativeDriver } | { readonly fault: DriverFault };

/**
 * Loads `msnodesqlv8`. A release has its JavaScript inside and takes the binary, which fits one platform, from the host's folder for
 * native parts; without that folder, and from source, the whole package is found where Node finds packages.
 */
export async function loadNativeDriver(
  environment: Readonly<Record<string, string | undefined>>,
  from: string = import.meta.url,
): Promise<LoadedDriver> {
  const folder = environment[hostEnvironment.nativeDir];
  if (!folder || !existsSync(path.join(folder, nativeFiles.odbcDriver))) return loadInstalledDriver(from);
  try {
    const inside = await import('msnodesqlv8');
    return { driver: inside.default as unknown as NativeDriver };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

/** The package as npm installed it. */
export function loadInstalledDriver(from: string = import.meta.url): LoadedDriver {
  try {
    return { driver: createRequire(from)('msnodesqlv8') as NativeDriver };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

/** The package without its native half, or without the system's ODBC library, fails otherwise than one that is not there. */
function faultOf(error: unknown): DriverFault {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === 'string' ? message : '';
  if (code === 'MODULE_NOT_FOUND' && /'msnodesqlv8'/.test(text)) return 'package-missing';
  return code === 'ERR_DLOPEN_FAILED' && /lib(?:iodbc|odbc)|odbc32/i.test(text)
    ? 'odbc-library-missing'
    : 'load-failed';
}
