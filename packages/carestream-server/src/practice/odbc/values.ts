/** Types whose values come as text, so that none loses digits on the way, and which the other driver gives as numbers. */
const numbers = new Set(['tinyint', 'smallint', 'int', 'float', 'real', 'decimal', 'numeric', 'money', 'smallmoney']);

const asItIs = (value: unknown): unknown => value ?? null;
const asNumber = (value: unknown): unknown => (typeof value === 'string' ? Number(value) : (value ?? null));
const asText = (value: unknown): unknown => (typeof value === 'number' ? String(value) : (value ?? null));
const asGuid = (value: unknown): unknown => (typeof value === 'string' ? value.toUpperCase() : (value ?? null));

/** Times of day stand on a day of the driver's own choice; the other driver's choice is 1970-01-01. */
const asTime = (value: unknown): unknown =>
  value instanceof Date ? new Date(((value.getTime() % 86_400_000) + 86_400_000) % 86_400_000) : (value ?? null);

/** Bytes that CP1252 does not define: Microsoft's drivers pass them on as control characters, the other driver as this sign. */
const undefinedBytes = /[\u0081\u008d\u008f\u0090\u009d]/g;
const narrow = new Set(['char', 'varchar', 'text']);
const asNarrowText = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(undefinedBytes, '\ufffd') : (value ?? null);

/** Makes of an ODBC value what the other driver gives for the same column. `sqlType` as ODBC names it: `int identity`, `decimal() identity`. */
export function valueReaderOf(sqlType: string): (value: unknown) => unknown {
  const type = sqlType.replace(/\(.*\)/, '').replace(/ identity$/, '');
  if (numbers.has(type)) return asNumber;
  if (narrow.has(type)) return asNarrowText;
  if (type === 'bigint') return asText;
  if (type === 'uniqueidentifier') return asGuid;
  if (type === 'time') return asTime;
  return asItIs;
}
