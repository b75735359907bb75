import { afterEach, beforeEach, expect, vi } from 'vitest';

// Library code never writes to the console: a call fails the test that made it.
const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;

beforeEach(() => {
  for (const method of methods) vi.spyOn(console, method);
});

afterEach(() => {
  for (const method of methods) {
    const spy = vi.mocked(console[method]);
    const calls = spy.mock.calls.length;
    spy.mockRestore();
    expect(calls, `console.${method} was called by library code`).toBe(0);
  }
});
