/** A row of `sys.types`. */
export interface TypeId {
  readonly name: string;
  readonly systemTypeId: number;
  readonly userTypeId: number;
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
}

const rows: readonly (readonly [
  name: string,
  system: number,
  user: number,
  length: number,
  precision: number,
  scale: number,
])[] = [
  ['image', 34, 34, 16, 0, 0],
  ['text', 35, 35, 16, 0, 0],
  ['uniqueidentifier', 36, 36, 16, 0, 0],
  ['date', 40, 40, 3, 10, 0],
  ['time', 41, 41, 5, 16, 7],
  ['datetime2', 42, 42, 8, 27, 7],
  ['tinyint', 48, 48, 1, 3, 0],
  ['smallint', 52, 52, 2, 5, 0],
  ['int', 56, 56, 4, 10, 0],
  ['smalldatetime', 58, 58, 4, 16, 0],
  ['real', 59, 59, 4, 24, 0],
  ['money', 60, 60, 8, 19, 4],
  ['datetime', 61, 61, 8, 23, 3],
  ['float', 62, 62, 8, 53, 0],
  ['ntext', 99, 99, 16, 0, 0],
  ['bit', 104, 104, 1, 1, 0],
  ['decimal', 106, 106, 17, 38, 38],
  ['numeric', 108, 108, 17, 38, 38],
  ['smallmoney', 122, 122, 4, 10, 4],
  ['bigint', 127, 127, 8, 19, 0],
  ['varbinary', 165, 165, 8000, 0, 0],
  ['varchar', 167, 167, 8000, 0, 0],
  ['binary', 173, 173, 8000, 0, 0],
  ['char', 175, 175, 8000, 0, 0],
  ['timestamp', 189, 189, 8, 0, 0],
  ['nvarchar', 231, 231, 8000, 0, 0],
  ['nchar', 239, 239, 8000, 0, 0],
  ['sysname', 231, 256, 256, 0, 0],
];

/** The types of `sys.types` that this simulator has. */
export const typeIds: readonly TypeId[] = rows.map(([name, systemTypeId, userTypeId, maxLength, precision, scale]) => ({
  name,
  systemTypeId,
  userTypeId,
  maxLength,
  precision,
  scale,
}));
