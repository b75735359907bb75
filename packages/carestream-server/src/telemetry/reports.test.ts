import { describe, expect, test } from 'vitest';
import { createReports, type Outbox, type Report, type ReportKind } from './reports.ts';

function createMemoryOutbox() {
  const rows: (Report & { readonly kind: ReportKind })[] = [];
  let id = 0;
  const outbox: Outbox & { full: boolean; rows: typeof rows } = {
    full: false,
    rows,
    add(kind, payloadJson) {
      if (outbox.full) throw new Error('no space left on device');
      rows.push({ id: ++id, kind, payloadJson });
    },
    next: (kind, limit) => rows.filter((row) => row.kind === kind).slice(0, limit),
    delete(ids) {
      for (const each of ids) {
        const at = rows.findIndex((row) => row.id === each);
        if (at >= 0) rows.splice(at, 1);
      }
    },
  };
  return outbox;
}

const payloads = (reports: readonly Report[]): string[] => reports.map(({ payloadJson }) => payloadJson);

describe('reports', () => {
  test('wait in memory until there is an outbox, then move into it in order', () => {
    const reports = createReports();
    for (const payload of ['1', '2', '3']) reports.add('rollbar', payload, 'urgent');
    expect(payloads(reports.next('rollbar', 10))).toEqual(['1', '2', '3']);
    reports.delete([reports.next('rollbar', 1)[0]!.id]);
    const outbox = createMemoryOutbox();
    reports.attach(outbox);
    reports.add('rollbar', '4', 'urgent');
    expect(payloads(outbox.rows)).toEqual(['2', '3', '4']);
    expect(payloads(reports.next('rollbar', 10))).toEqual(['2', '3', '4']);
  });

  test('what is not urgent is gathered, and told of once', () => {
    const reports = createReports();
    const outbox = createMemoryOutbox();
    reports.attach(outbox);
    let gathering = 0;
    const added: ReportKind[] = [];
    reports.onGathering(() => (gathering += 1));
    reports.onAdded((kind) => added.push(kind));
    reports.add('rollbar', '1', 'soon');
    reports.add('rollbar', '2', 'soon');
    expect([gathering, added, outbox.rows.length]).toEqual([1, [], 0]);
    reports.persist();
    expect([gathering, added, outbox.rows.length]).toEqual([1, ['rollbar'], 2]);
    for (let count = 0; count < 100; count++) reports.add('rollbar', 'x', 'soon');
    expect(outbox.rows.length).toBe(102);
  });

  test('a full disk: memory holds what it can, the rest is counted, and all of it moves when there is room', () => {
    const reports = createReports();
    const outbox = createMemoryOutbox();
    reports.attach(outbox);
    outbox.full = true;
    for (let count = 0; count < 1_200; count++) reports.add('rollbar', String(count), 'urgent');
    expect(reports.takeOverflowed('rollbar')).toBe(200);
    expect(reports.takeOverflowed('rollbar')).toBe(0);
    expect(payloads(reports.next('rollbar', 2))).toEqual(['0', '1']);
    outbox.full = false;
    reports.add('command-result', 'r', 'urgent');
    expect(outbox.rows).toHaveLength(1_001);
    expect(outbox.rows.at(-1)!.payloadJson).toBe('r');
    expect(payloads(reports.next('command-result', 5))).toEqual(['r']);
  });

  test('tells whether a report is stored, and what the outbox had no room for', () => {
    const reports = createReports();
    expect(reports.add('rollbar', 'early', 'urgent')).toBe(false);
    const outbox = createMemoryOutbox();
    let dropped = 3;
    reports.attach(
      Object.assign(outbox, {
        dropped: (kind: ReportKind) => (kind === 'rollbar' ? dropped : 0),
        forgetDropped: (_kind: ReportKind, count: number) => void (dropped -= count),
      }),
    );
    expect(reports.add('rollbar', 'gathered', 'soon')).toBe(false);
    expect(reports.add('rollbar', 'stored', 'urgent')).toBe(true);
    expect(payloads(outbox.rows)).toEqual(['early', 'gathered', 'stored']);
    outbox.full = true;
    expect(reports.add('rollbar', 'held', 'urgent')).toBe(false);
    expect(['command-result', 'rollbar', 'rollbar'].map((kind) => reports.takeOverflowed(kind as ReportKind))).toEqual([
      0, 3, 0,
    ]);
  });

  test('an outbox that cannot be read does not hide what is in memory', () => {
    const reports = createReports();
    reports.attach({
      add() {
        throw new Error('disk I/O error');
      },
      next() {
        throw new Error('disk I/O error');
      },
      delete: () => undefined,
    });
    reports.add('rollbar', '1', 'urgent');
    expect(payloads(reports.next('rollbar', 5))).toEqual(['1']);
    reports.detach();
    expect(payloads(reports.next('rollbar', 5))).toEqual(['1']);
  });
});
