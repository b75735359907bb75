#!/usr/bin/env node
import { runCommandLine } from './command-line.ts';

// The process of a checkout; a release has `agent.ts` instead.
await runCommandLine();
