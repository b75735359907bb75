export { createPractices } from './practices.ts';
export type { NewPractice, Practices } from './practices.ts';
export { json } from './practice.ts';
export type { Practice } from './practice.ts';
