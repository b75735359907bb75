import { expect, test } from 'vitest';
import { concerns, createFaults } from './faults.ts';
import { armStatementFault } from './statement-fault.ts';

test('a fault counts when it strikes, not when it is chosen, and never more often than told', () => {
  const faults = createFaults();
  const remove = faults.add({ kind: 'deadlock', times: 1, matching: /patients/gi });
  expect(armStatementFault(faults, 'select 1', 51).beforeStart()).toEqual({ kind: 'none' });
  const [first, second] = [
    armStatementFault(faults, 'select * from Patients', 51),
    armStatementFault(faults, 'select * from Patients', 52),
  ];
  expect(faults.fired()).toBe(0);
  expect(first.beforeStart()).toMatchObject({ kind: 'error', error: { number: 1205, severity: 13 } });
  expect(second.beforeStart()).toEqual({ kind: 'none' });
  expect(faults.fired('deadlock')).toBe(1);
  expect(faults.active()).toEqual([]);
  remove();
  faults.add({ kind: 'lock-timeout' });
  expect(faults.active()).toEqual([{ fault: { kind: 'lock-timeout' }, fired: 0, remaining: Infinity }]);
  const armed = armStatementFault(faults, 'x', 51);
  faults.clear();
  expect(armed.beforeStart()).toEqual({ kind: 'none' });
  expect(faults.fired()).toBe(1);
});

test('where in an answer each kind strikes', () => {
  const faults = createFaults();
  const arm = (fault: Parameters<typeof faults.add>[0]) => {
    faults.clear();
    faults.add(fault);
    return armStatementFault(faults, 'x', 51);
  };
  expect(arm({ kind: 'lock-timeout', afterRows: 5 })).toMatchObject({ afterRows: 5, afterBytes: Infinity });
  expect(arm({ kind: 'lock-timeout', afterRows: 5 }).atEnd(4)).toEqual({ kind: 'none' });
  expect(arm({ kind: 'lock-timeout', afterRows: 5 }).atEnd(5)).toMatchObject({
    kind: 'error',
    error: { number: 1222 },
  });
  expect(arm({ kind: 'cut', afterBytes: 90 })).toMatchObject({ afterRows: Infinity, afterBytes: 90 });
  expect(arm({ kind: 'cut' }).beforeStart()).toEqual({ kind: 'none' });
  expect(arm({ kind: 'cut' }).atEnd(0)).toEqual({ kind: 'cut' });
});

test('a global expression does not forget', () => {
  const fault = { kind: 'deadlock', matching: /a/g } as const;
  expect([concerns(fault, 'a'), concerns(fault, 'a'), concerns(fault, 'b')]).toEqual([true, true, false]);
});
