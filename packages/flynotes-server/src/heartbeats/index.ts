export { receiveHeartbeat } from './receive-heartbeat.ts';
