import { readFileSync, writeFileSync } from 'node:fs';

/** Seconds between 1601, where FILETIME begins, and 1970. */
const filetimeEpochS = 11_644_473_600n;
/** FMTID_SummaryInformation ([MS-OLEPS] 2.21). */
const summaryFormat = Buffer.from('E0859FF2F94F6810AB9108002B27B3D9', 'hex');
/** GKPIDSI_CREATE_DTM and GKPIDSI_LASTSAVE_DTM. */
const timeProperties = new Set([12, 13]);
/** VT_FILETIME. */
const filetimeType = 0x40;

/** Sets the two times that an MSI bears in its summary, so that the same content gives the same bytes. @throws Error where they are not there */
export function fixMsiTimes(file: string, timeS: number): void {
  const bytes = readFileSync(file);
  const filetime = (BigInt(timeS) + filetimeEpochS) * 10_000_000n;
  const places = timePlaces(bytes);
  if (places.length !== timeProperties.size) throw new Error(`${file} does not bear its times where they belong`);
  for (const place of places) bytes.writeBigUInt64LE(filetime, place);
  writeFileSync(file, bytes);
}

/** Where the times stand: behind the format's identifier comes the section's offset, counted from 28 bytes before that identifier. */
function timePlaces(bytes: Buffer): number[] {
  const format = bytes.indexOf(summaryFormat);
  if (format === -1) return [];
  const section = format - 28 + bytes.readUInt32LE(format + summaryFormat.length);
  const count = Math.min(bytes.readUInt32LE(section + 4), 64);
  const places: number[] = [];
  for (let each = 0; each < count; each += 1) {
    const entry = section + 8 + each * 8;
    const value = section + bytes.readUInt32LE(entry + 4);
    if (timeProperties.has(bytes.readUInt32LE(entry)) && bytes.readUInt32LE(value) === filetimeType)
      places.push(value + 4);
  }
  return places;
}
