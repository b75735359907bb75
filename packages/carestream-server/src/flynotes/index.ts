export {
  createFlynotesClient,
  flynotesTimeouts,
  type FlynotesClient,
  type FlynotesOptions,
  type FlynotesTimeouts,
} from './client.ts';
export { knockAtFlynotes, type KnockAnswer } from './knock.ts';
