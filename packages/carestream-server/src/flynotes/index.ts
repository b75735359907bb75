export {
  createFlynotesClient,
  flynotesTimeouts,
  type FlynotesClient,
  type FlynotesOptions,
  type FlynotesTimeouts,
} from './client.ts';
