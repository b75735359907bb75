/** The HTTP contract between agent and Flynotes: schemas, types, records, digests, signatures, error table. */
export * from './contract/identifiers.ts';
export * from './contract/patient.ts';
export * from './contract/http-api.ts';
export * from './contract/digest.ts';
export * from './contract/release.ts';
export * from './contract/release-path.ts';
export * from './contract/host.ts';
export * from './contract/error-table.ts';
export * from './contract/version-order.ts';
export * from './runtime/signed-envelope.ts';
