#!/usr/bin/env node
// A checkout runs from source, unbuilt; what is published holds the build alone.
import { existsSync } from 'node:fs';

const source = new URL('../src/agent.ts', import.meta.url);
const built = new URL('../agent/agent.mjs', import.meta.url);
const { runCommandLine } = await import(existsSync(source) ? source.href : built.href);
await runCommandLine();
