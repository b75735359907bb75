export { createRegistry, type Registry, type RegistryOptions } from './registry.ts';
export { packageJsonOf } from './publish-document.ts';
