/** Rollbar for one machine: takes items as its API does, keeps them, and shows them. */
export { createRollbarSink, type ReceivedItem, type RollbarSink, type RollbarSinkOptions } from './rollbar-sink.ts';
export { itemDataSchema, judgeItem, type ItemData, type JudgedItem } from './item.ts';
