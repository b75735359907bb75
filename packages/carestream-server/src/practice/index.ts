export {
  databaseConfigSchema,
  databaseFieldsSchema,
  resolveDatabaseConfig,
  type DatabaseConfig,
  type DatabaseTarget,
} from './database-config.ts';
export { isLoopback } from './server-address.ts';
export type { DiscoveryNotes } from './discovery.ts';
export {
  createPracticeConnector,
  type PracticeConnector,
  type PracticeConnectorOptions,
} from './practice-connector.ts';
export type { NeededGrants, TableName } from './readable-schema.ts';
export { noSuchDatabase } from './database-state.ts';
export { pageRowsMost, type BasicsPage, type PracticeReader, type PracticeSchema } from './practice-reader.ts';
export type { AddressPlace, MissingField, ResolvedColumn, ResolvedEntity, ResolvedSchema } from './resolved-schema.ts';
export { schemaMap, type EntityMap, type EntityName, type FieldMap } from './schema-map.ts';
export type { EntityExplanation, FieldExplanation, PartState, SchemaExplanation } from './schema-explanation.ts';
