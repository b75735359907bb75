import { catalogueProcedures } from './catalogue-procedures.ts';
import { helpProcedures } from './help-procedures.ts';

/** A system procedure, written in T-SQL over the catalogue views as SQL Server's own are. */
export interface Procedure {
  readonly name: string;
  /** As in CREATE PROCEDURE: `@table_name nvarchar(384) = NULL, …`. */
  readonly parameters: string;
  readonly body: string;
}

const known = new Map<string, Procedure>(
  [...catalogueProcedures, ...helpProcedures].map((procedure) => [procedure.name, procedure]),
);

/** Procedures of 2008 R2 that people call and this simulator does not have. */
const lacking: ReadonlySet<string> = new Set(
  `sp_addextendedproperty sp_addlinkedserver sp_addlogin sp_addrolemember sp_adduser sp_attach_db sp_autostats sp_changedbowner
  sp_column_privileges sp_configure sp_cursor sp_cursorclose sp_cursorfetch sp_cursoropen sp_dboption sp_depends sp_droplogin
  sp_fkeys sp_getapplock sp_grantdbaccess sp_grantlogin sp_helpconstraint sp_helpdb sp_helpfile sp_helpindex sp_helplogins sp_helprole
  sp_helprolemember sp_helprotect sp_helpserver sp_helptext sp_helpuser sp_lock sp_monitor sp_oacreate sp_password sp_recompile
  sp_releaseapplock sp_rename sp_spaceused sp_special_columns sp_sproc_columns sp_statistics_100 sp_stored_procedures
  sp_table_privileges sp_updatestats sp_who2 xp_cmdshell xp_fixeddrives xp_loginconfig xp_logininfo xp_msver xp_readerrorlog xp_regread`.split(
    /\s+/,
  ),
);

/** A procedure by its lower-case name; `lacking`: SQL Server has it, this simulator does not. */
export const findProcedure = (name: string): Procedure | 'lacking' | undefined =>
  known.get(name) ?? (lacking.has(name) ? 'lacking' : undefined);
