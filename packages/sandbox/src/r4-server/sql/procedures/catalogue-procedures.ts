import type { Procedure } from './index.ts';

const qualifierCheck = `
IF @table_qualifier IS NOT NULL AND @table_qualifier <> DB_NAME()
BEGIN
  RAISERROR (15250, -1, -1)
  RETURN
END`;

const matches = (column: string, parameter: string): string =>
  `(${parameter} IS NULL OR ${column} = ${parameter} OR (@fUsePattern = 1 AND ${column} LIKE ${parameter} ESCAPE '\\'))`;

/** What ODBC drivers call for SQLTables, SQLColumns, SQLPrimaryKeys, SQLStatistics and SQLGetTypeInfo. */
export const catalogueProcedures: readonly Procedure[] = [
  {
    name: 'sp_tables',
    parameters:
      '@table_name nvarchar(384) = NULL, @table_owner nvarchar(384) = NULL, @table_qualifier sysname = NULL, @table_type varchar(100) = NULL, @fUsePattern bit = 1',
    // The three enumerations of SQLTables come first: all qualifiers, all owners, all types.
    body: `
DECLARE @blankName bit, @blankOwner bit, @blankQualifier bit
SELECT @blankName = CASE WHEN ISNULL(@table_name, '') = '' THEN 1 ELSE 0 END,
  @blankOwner = CASE WHEN ISNULL(@table_owner, '') = '' THEN 1 ELSE 0 END,
  @blankQualifier = CASE WHEN ISNULL(@table_qualifier, '') = '' THEN 1 ELSE 0 END
IF @fUsePattern = 1 AND @table_qualifier = '%' AND @blankOwner = 1 AND @blankName = 1
  SELECT TABLE_QUALIFIER = CONVERT(sysname, d.name), TABLE_OWNER = CONVERT(sysname, NULL), TABLE_NAME = CONVERT(sysname, NULL),
    TABLE_TYPE = CONVERT(varchar(32), NULL), REMARKS = CONVERT(varchar(254), NULL)
  FROM sys.databases d WHERE d.name <> 'model' ORDER BY 1
ELSE IF @fUsePattern = 1 AND @table_owner = '%' AND @blankQualifier = 1 AND @blankName = 1
  SELECT TABLE_QUALIFIER = CONVERT(sysname, NULL), TABLE_OWNER = CONVERT(sysname, s.name), TABLE_NAME = CONVERT(sysname, NULL),
    TABLE_TYPE = CONVERT(varchar(32), NULL), REMARKS = CONVERT(varchar(254), NULL)
  FROM sys.schemas s ORDER BY 2
ELSE IF @fUsePattern = 1 AND @table_type = '%' AND @blankQualifier = 1 AND @blankOwner = 1 AND @blankName = 1
  SELECT TABLE_QUALIFIER = CONVERT(sysname, NULL), TABLE_OWNER = CONVERT(sysname, NULL), TABLE_NAME = CONVERT(sysname, NULL),
    TABLE_TYPE = CONVERT(varchar(32), t.kind), REMARKS = CONVERT(varchar(254), NULL)
  FROM (VALUES ('SYSTEM TABLE'), ('TABLE'), ('VIEW')) t(kind) ORDER BY 4
ELSE
BEGIN
  IF @table_qualifier IS NOT NULL AND @table_qualifier NOT IN (DB_NAME(), '%', '')
  BEGIN
    RAISERROR (15250, -1, -1)
    RETURN
  END
  SELECT TABLE_QUALIFIER = CONVERT(sysname, DB_NAME()), TABLE_OWNER = CONVERT(sysname, s.name), TABLE_NAME = CONVERT(sysname, o.name),
    TABLE_TYPE = CONVERT(varchar(32), CASE o.type WHEN 'U' THEN 'TABLE' ELSE 'VIEW' END), REMARKS = CONVERT(varchar(254), NULL)
  FROM sys.objects o INNER JOIN sys.schemas s ON s.schema_id = o.schema_id
  WHERE o.type IN ('U', 'V') AND ISNULL(@table_qualifier, '%') <> '' AND ${matches('o.name', '@table_name')} AND ${matches('s.name', '@table_owner')}
    AND (@table_type IS NULL OR @table_type = '%'
      OR CHARINDEX(CASE o.type WHEN 'U' THEN '''TABLE''' ELSE '''VIEW''' END, @table_type) > 0)
  ORDER BY 4, 1, 2, 3
END`,
  },
  {
    name: 'sp_columns',
    parameters:
      '@table_name nvarchar(384), @table_owner nvarchar(384) = NULL, @table_qualifier sysname = NULL, @column_name nvarchar(384) = NULL, @ODBCVer int = 2, @fUsePattern bit = 1',
    body: `${qualifierCheck}
SELECT TABLE_QUALIFIER, TABLE_OWNER, TABLE_NAME, COLUMN_NAME,
  DATA_TYPE = CONVERT(smallint, CASE WHEN @ODBCVer = 3 THEN DATA_TYPE_3 ELSE DATA_TYPE_2 END),
  TYPE_NAME, [PRECISION], [LENGTH], SCALE, RADIX, NULLABLE, REMARKS, COLUMN_DEF, SQL_DATA_TYPE, SQL_DATETIME_SUB,
  CHAR_OCTET_LENGTH, ORDINAL_POSITION, IS_NULLABLE, SS_DATA_TYPE
FROM sys.spt_columns_odbc_view
WHERE ${matches('TABLE_NAME', '@table_name')} AND ${matches('TABLE_OWNER', '@table_owner')} AND ${matches('COLUMN_NAME', '@column_name')}
ORDER BY 1, 2, 3, 17`,
  },
  {
    name: 'sp_pkeys',
    parameters: '@table_name sysname, @table_owner sysname = NULL, @table_qualifier sysname = NULL',
    body: `${qualifierCheck}
SELECT TABLE_QUALIFIER = CONVERT(sysname, DB_NAME()), TABLE_OWNER = CONVERT(sysname, s.name), TABLE_NAME = CONVERT(sysname, o.name),
  COLUMN_NAME = CONVERT(sysname, c.name), KEY_SEQ = CONVERT(smallint, ic.key_ordinal), PK_NAME = CONVERT(sysname, i.name)
FROM sys.indexes i INNER JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
  INNER JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
  INNER JOIN sys.objects o ON o.object_id = i.object_id INNER JOIN sys.schemas s ON s.schema_id = o.schema_id
WHERE i.is_primary_key = 1 AND o.name = @table_name AND (@table_owner IS NULL OR s.name = @table_owner)
ORDER BY 1, 2, 3, 5`,
  },
  {
    name: 'sp_statistics',
    parameters:
      "@table_name sysname, @table_owner sysname = NULL, @table_qualifier sysname = NULL, @index_name sysname = '%', @is_unique char(1) = 'N', @accuracy char(1) = 'Q'",
    body: `${qualifierCheck}
SELECT TABLE_QUALIFIER = CONVERT(sysname, DB_NAME()), TABLE_OWNER = CONVERT(sysname, s.name), TABLE_NAME = CONVERT(sysname, o.name),
  NON_UNIQUE = CONVERT(smallint, NULL), INDEX_QUALIFIER = CONVERT(sysname, NULL), INDEX_NAME = CONVERT(sysname, NULL),
  TYPE = CONVERT(smallint, 0), SEQ_IN_INDEX = CONVERT(smallint, NULL), COLUMN_NAME = CONVERT(sysname, NULL),
  COLLATION = CONVERT(char(1), NULL), CARDINALITY = CONVERT(int, p.rows), PAGES = CONVERT(int, NULL), FILTER_CONDITION = CONVERT(varchar(128), NULL)
FROM sys.objects o INNER JOIN sys.schemas s ON s.schema_id = o.schema_id
  INNER JOIN sys.partitions p ON p.object_id = o.object_id AND p.index_id < 2
WHERE o.name = @table_name AND (@table_owner IS NULL OR s.name = @table_owner)
UNION ALL
SELECT CONVERT(sysname, DB_NAME()), CONVERT(sysname, s.name), CONVERT(sysname, o.name),
  CONVERT(smallint, CASE i.is_unique WHEN 1 THEN 0 ELSE 1 END), CONVERT(sysname, o.name), CONVERT(sysname, i.name),
  CONVERT(smallint, CASE i.index_id WHEN 1 THEN 1 ELSE 3 END), CONVERT(smallint, ic.key_ordinal), CONVERT(sysname, c.name),
  CONVERT(char(1), CASE ic.is_descending_key WHEN 1 THEN 'D' ELSE 'A' END), CONVERT(int, NULL), CONVERT(int, NULL), CONVERT(varchar(128), NULL)
FROM sys.indexes i INNER JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
  INNER JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
  INNER JOIN sys.objects o ON o.object_id = i.object_id INNER JOIN sys.schemas s ON s.schema_id = o.schema_id
WHERE o.name = @table_name AND (@table_owner IS NULL OR s.name = @table_owner) AND i.index_id > 0
  AND i.name LIKE @index_name AND (@is_unique <> 'Y' OR i.is_unique = 1)
ORDER BY 4, 7, 6, 8`,
  },
  {
    name: 'sp_datatype_info',
    parameters: '@data_type int = 0, @ODBCVer tinyint = 2',
    body: `
SELECT TYPE_NAME, DATA_TYPE = CONVERT(smallint, CASE WHEN @ODBCVer = 3 THEN DATA_TYPE_3 ELSE DATA_TYPE_2 END), [PRECISION], LITERAL_PREFIX,
  LITERAL_SUFFIX, CREATE_PARAMS, NULLABLE, CASE_SENSITIVE, SEARCHABLE, UNSIGNED_ATTRIBUTE, MONEY, AUTO_INCREMENT, LOCAL_TYPE_NAME,
  MINIMUM_SCALE, MAXIMUM_SCALE, SQL_DATA_TYPE, SQL_DATETIME_SUB, NUM_PREC_RADIX, INTERVAL_PRECISION, USERTYPE
FROM sys.spt_datatype_info
WHERE @data_type = 0 OR @data_type = CASE WHEN @ODBCVer = 3 THEN DATA_TYPE_3 ELSE DATA_TYPE_2 END
ORDER BY 2, AUTO_INCREMENT, MONEY, USERTYPE`,
  },
  {
    name: 'sp_databases',
    parameters: '',
    // A size of NULL is what SQL Server gives for one that it cannot tell.
    body: `
SELECT DATABASE_NAME = CONVERT(sysname, d.name), DATABASE_SIZE = CONVERT(int, NULL), REMARKS = CONVERT(varchar(254), NULL)
FROM sys.databases d WHERE HAS_DBACCESS(d.name) = 1 ORDER BY 1`,
  },
  {
    name: 'sp_server_info',
    parameters: '@attribute_id int = NULL',
    body: `
SELECT attribute_id = CONVERT(int, a.id), attribute_name = CONVERT(varchar(60), a.name), attribute_value = CONVERT(varchar(255), a.value)
FROM (VALUES (1, 'DBMS_NAME', 'Microsoft SQL Server'),
  (2, 'DBMS_VER', 'Microsoft SQL Server 2008 R2 - ' + CONVERT(varchar(40), SERVERPROPERTY('ProductVersion'))),
  (10, 'OWNER_TERM', 'owner'), (11, 'TABLE_TERM', 'table'), (12, 'MAX_OWNER_NAME_LENGTH', '128'), (13, 'TABLE_LENGTH', '128'),
  (14, 'MAX_QUAL_LENGTH', '128'), (15, 'COLUMN_LENGTH', '128'), (16, 'IDENTIFIER_CASE', 'MIXED'), (17, 'TX_ISOLATION', '2'),
  (18, 'COLLATION_SEQ', 'charset=iso_1 sort_order=nocase_iso charset_num=1 sort_order_num=52'), (19, 'SAVEPOINT_SUPPORT', 'Y'),
  (20, 'MULTI_RESULT_SETS', 'Y'), (22, 'ACCESSIBLE_TABLES', 'Y'), (100, 'USERID_LENGTH', '128'), (101, 'QUALIFIER_TERM', 'database'),
  (102, 'NAMED_TRANSACTIONS', 'Y'), (103, 'SPROC_AS_LANGUAGE', 'Y'), (104, 'ACCESSIBLE_SPROC', 'Y'), (105, 'MAX_INDEX_COLS', '16'),
  (106, 'RENAME_TABLE', 'Y'), (107, 'RENAME_COLUMN', 'Y'), (108, 'DROP_COLUMN', 'Y'), (109, 'INCREASE_COLUMN_LENGTH', 'Y'),
  (110, 'DDL_IN_TRANSACTION', 'Y'), (111, 'DESCENDING_INDEXES', 'Y'), (112, 'SP_RENAME', 'Y'), (113, 'REMOTE_SPROC', 'Y'),
  (500, 'SYS_SPROC_VERSION', CONVERT(varchar(40), SERVERPROPERTY('ProductVersion')))) a(id, name, value)
WHERE @attribute_id IS NULL OR a.id = @attribute_id ORDER BY 1`,
  },
];
