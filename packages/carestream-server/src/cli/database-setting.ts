import { databaseFieldsSchema, resolveDatabaseConfig, type DatabaseConfig } from '../practice/index.ts';
import { AgentError } from '../runtime/index.ts';
import { nearestOf } from './spelling.ts';

/** How R4's database is reached: a connection string, or its parts. */
export type DatabaseSetting = string | Readonly<Record<string, unknown>>;

const fieldNames = [...Object.keys(databaseFieldsSchema.shape), 'connectionString'];

/**
 * Judges the configuration's `database`.
 * @throws AgentError CONFIG_FIELD_UNKNOWN, CONFIG_FIELD_MISSING, CONFIG_FIELD_INVALID: the field and how to mend it, never a value
 */
export function checkDatabaseSetting(setting: DatabaseSetting): DatabaseConfig {
  if (typeof setting === 'object') checkFields(setting);
  const config = setting as DatabaseConfig;
  resolveDatabaseConfig(config);
  return config;
}

function checkFields(setting: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(setting)) {
    if (fieldNames.includes(name)) continue;
    const nearest = nearestOf(name, fieldNames);
    const mend = nearest === null ? `known are ${fieldNames.join(', ')}` : `did you mean ${nearest}?`;
    throw new AgentError('CONFIG_FIELD_UNKNOWN', { details: { field: `database.${name}`, mend } });
  }
  if (setting['connectionString'] !== undefined) {
    if (typeof setting['connectionString'] !== 'string')
      throw invalid('connectionString', 'it must be a text in double quotes');
    if (Object.keys(setting).length > 1)
      throw invalid('connectionString', 'give it alone, or the other fields without it');
    return;
  }
  const parsed = databaseFieldsSchema.safeParse(setting);
  const issue = parsed.error?.issues[0];
  if (!issue) return;
  const field = String(issue.path[0] ?? 'server');
  if (!Object.hasOwn(setting, field))
    throw new AgentError('CONFIG_FIELD_MISSING', { details: { field: `database.${field}` } });
  throw invalid(field, mends[issue.code] ?? 'its value cannot be used');
}

/** What to do about each kind of fault that the schema finds; its own words may quote a value. */
const mends: Readonly<Record<string, string>> = {
  invalid_type: 'it must be a text in double quotes, a whole number for port, true or false for encrypt',
  too_small: 'it is empty or too small',
  too_big: 'it is too long or too large',
};

function invalid(field: string, mend: string): AgentError {
  return new AgentError('CONFIG_FIELD_INVALID', { details: { field: `database.${field}`, mend } });
}
