import { expect, test } from 'vitest';
import { cellForm, emptyBasicsRow, mapBasics, type BasicsLayout, type BasicsRow } from '../records/index.ts';
import { createVirtualClock } from '@flynotes/testkit';
import { createKeyedDigester } from './digester.ts';
import { createJudge } from './judge.ts';
import { createTally } from './tally.ts';
import { testKey } from './upload-rig.ts';

const today = '2026-10-30';
const absent = Object.fromEntries(
  Object.keys(emptyBasicsRow(1)).map((field) => [field, field.endsWith('s') ? [] : -1]),
) as unknown as BasicsLayout;

/** A page of one patient in three columns: the number, and the names in the order of the layout. */
function pageOf(forename: string, surname: string, places: { readonly forename: number; readonly surname: number }) {
  const row: BasicsRow = { ...emptyBasicsRow(7), forename, surname };
  const inOrder = places.forename < places.surname ? [forename, surname] : [surname, forename];
  const bytes = Buffer.from(inOrder.join(''));
  return {
    length: 1,
    at: () => row,
    [Symbol.iterator]: () => [row].values(),
    packed: {
      bytes,
      layout: { ...absent, status: -1, ...places },
      forms: [cellForm.number, cellForm.text1252, cellForm.text1252],
      codes: Int32Array.of(7),
      at: () => row,
      locate(_row: number, cells: Int32Array) {
        const middle = inOrder[0]!.length;
        cells.set([0, 4, 0, middle, middle, bytes.length - middle]);
      },
    },
  };
}

test('a page whose columns stand elsewhere than on the page before is read as it is', () => {
  const digester = createKeyedDigester({ key: testKey, canonicalVersion: 1 });
  const state = { refusals: { get: () => null } as never };
  const judge = createJudge({ digester, state }, createTally('scheduled', createVirtualClock()), today);
  for (const [index, places] of [
    { forename: 1, surname: 2 },
    { forename: 2, surname: 1 },
    { forename: 1, surname: 2 },
  ].entries()) {
    const page = pageOf(`Ada${index}`, 'Lovelace', places);
    const verdict = judge.judge(page, 0, { readSequence: 1, held: undefined, always: false });
    const mapped = mapBasics(page.at(), { today });
    if (verdict.kind !== 'send' || mapped.outcome !== 'mapped') throw new Error('is to be sent');
    expect(verdict.change.digest).toBe(digester.ofRecord(mapped.record));
    const { json, jsonBytes } = verdict.change;
    expect(JSON.parse(json.toString('utf8', 0, jsonBytes))).toEqual(mapped.record);
  }
});
