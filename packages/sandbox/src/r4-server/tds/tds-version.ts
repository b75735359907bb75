/** What differs between the protocol versions this server speaks ([MS-TDS] 2.2.7.14). */
export interface TdsVersion {
  readonly name: '7.1' | '7.2' | '7.3A' | '7.3B';
  /** The number LOGINACK answers with, read as big-endian. */
  readonly acknowledged: number;
  /** 7.2: ALL_HEADERS before requests, 64-bit row counts, 32-bit user types, `(max)` types. */
  readonly atLeast72: boolean;
  /** 7.3: date, time, datetime2. Older clients get them as text, as the real server does. */
  readonly atLeast73: boolean;
}

const V71: TdsVersion = { name: '7.1', acknowledged: 0x71000001, atLeast72: false, atLeast73: false };
const V72: TdsVersion = { name: '7.2', acknowledged: 0x72090002, atLeast72: true, atLeast73: false };
const V73A: TdsVersion = { name: '7.3A', acknowledged: 0x730a0003, atLeast72: true, atLeast73: true };
/** What SQL Server 2008 R2 speaks at best. */
export const V73B: TdsVersion = { name: '7.3B', acknowledged: 0x730b0003, atLeast72: true, atLeast73: true };

/** The version to speak with a client that asks for `asked`; undefined when it is older than all of ours. */
export function negotiateVersion(asked: number): TdsVersion | undefined {
  if (asked >= 0x730b0000) return V73B;
  if (asked >= 0x730a0000) return V73A;
  if (asked >= 0x72000000) return V72;
  if (asked >= 0x71000000) return V71;
  return undefined;
}
