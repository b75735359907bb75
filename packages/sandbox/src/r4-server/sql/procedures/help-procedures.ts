import type { Procedure } from './index.ts';

/** What people type at a prompt to look around. */
export const helpProcedures: readonly Procedure[] = [
  {
    name: 'sp_help',
    parameters: '@objname nvarchar(776) = NULL',
    body: `
IF @objname IS NULL
BEGIN
  SELECT Name = CONVERT(sysname, o.name), Owner = CONVERT(sysname, 'dbo'),
    Object_type = CONVERT(nvarchar(31), CASE o.type WHEN 'U' THEN 'user table' WHEN 'V' THEN 'view' ELSE 'primary key cns' END)
  FROM sys.objects o ORDER BY 2, 3 DESC, 1
  RETURN
END
DECLARE @id int
SET @id = OBJECT_ID(@objname)
IF @id IS NULL
BEGIN
  DECLARE @database sysname
  SET @database = DB_NAME()
  RAISERROR (15009, -1, -1, @objname, @database)
  RETURN
END
SELECT Name = CONVERT(sysname, o.name), Owner = CONVERT(sysname, 'dbo'),
  Type = CONVERT(nvarchar(31), CASE o.type WHEN 'U' THEN 'user table' WHEN 'V' THEN 'view' ELSE 'primary key cns' END), Created_datetime = o.create_date
FROM sys.objects o WHERE o.object_id = @id
SELECT Column_name = CONVERT(sysname, c.name), Type = CONVERT(sysname, t.name), Computed = CONVERT(varchar(35), 'no'),
  Length = CONVERT(int, c.max_length),
  Prec = CONVERT(char(5), CASE WHEN c.precision = 0 THEN '     ' ELSE CONVERT(varchar(5), c.precision) END),
  Scale = CONVERT(char(5), CASE WHEN c.precision = 0 OR t.name IN ('float', 'real') THEN '     ' ELSE CONVERT(varchar(5), c.scale) END),
  Nullable = CONVERT(varchar(35), CASE c.is_nullable WHEN 1 THEN 'yes' ELSE 'no' END),
  TrimTrailingBlanks = CONVERT(varchar(35), CASE WHEN t.name IN ('char', 'varchar', 'binary', 'varbinary') THEN 'no' ELSE '(n/a)' END),
  FixedLenNullInSource = CONVERT(varchar(35), CASE WHEN t.name NOT IN ('char', 'varchar', 'binary', 'varbinary') THEN '(n/a)' WHEN c.is_nullable = 1 THEN 'yes' ELSE 'no' END),
  Collation = CONVERT(sysname, c.collation_name)
FROM sys.columns c INNER JOIN sys.types t ON t.user_type_id = c.user_type_id WHERE c.object_id = @id ORDER BY c.column_id`,
  },
  {
    name: 'sp_who',
    parameters: '@loginame sysname = NULL',
    body: `
SELECT spid, ecid = CONVERT(smallint, 0), status, loginame, hostname, blk = CONVERT(char(5), '0'), dbname = CONVERT(nvarchar(128), DB_NAME(dbid)),
  cmd = CONVERT(nchar(16), CASE WHEN spid = @@SPID THEN 'SELECT' ELSE 'AWAITING COMMAND' END), request_id = CONVERT(int, 0)
FROM sys.sysprocesses WHERE @loginame IS NULL OR loginame = @loginame ORDER BY spid`,
  },
];
