import { createRequire } from 'node:module';
import path from 'node:path';
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
 * Finds `msnodesqlv8` in the host's folder for native parts (`CARESTREAM_NATIVE_DIR`), then where Node finds packages. It is no
 * part of the bundle: its native half fits one platform.
 */
export function loadNativeDriver(
  environment: Readonly<Record<string, string | undefined>>,
  from: string = import.meta.url,
): LoadedDriver {
  const folder = environment['CARESTREAM_NATIVE_DIR'];
  const places = [
    ...(folder === undefined || folder === '' ? [] : [path.join(path.resolve(folder), 'native.cjs')]),
    from,
  ];
  let fault: DriverFault = 'package-missing';
  for (const place of places) {
    const require = createRequire(place);
    const names = place === from ? ['msnodesqlv8'] : ['./msnodesqlv8', 'msnodesqlv8'];
    for (const name of names) {
      try {
        return { driver: require(name) as NativeDriver };
      } catch (error) {
        const found = faultOf(error);
        if (found !== 'package-missing') fault = found;
      }
    }
  }
  return { fault };
}

/** The package without its native half, or without the system's ODBC library, fails otherwise than one that is not there. */
function faultOf(error: unknown): DriverFault {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === 'string' ? message : '';
  if (code === 'MODULE_NOT_FOUND' && /'\.?\/?msnodesqlv8'/.test(text)) return 'package-missing';
  return code === 'ERR_DLOPEN_FAILED' && /lib(?:iodbc|odbc)|odbc32/i.test(text)
    ? 'odbc-library-missing'
    : 'load-failed';
}
