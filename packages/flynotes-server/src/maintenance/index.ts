export { maintain, startMaintenance } from './maintain.ts';
