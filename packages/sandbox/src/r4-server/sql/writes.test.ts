import { beforeEach, describe, expect, test } from 'vitest';

import type { SqlSession } from '../engine.ts';
import { createPractice, errorOf, open, rowsOf, runBatch, valueOf } from './practice.fixture.ts';

let engine: ReturnType<typeof createPractice>;
let session: SqlSession;
beforeEach(() => {
  engine = createPractice();
  session = open(engine, 'reception');
});

describe('INSERT, UPDATE, DELETE', () => {
  test('a walk-in is seen by another session at once', () => {
    const { counts } = runBatch(
      session,
      "insert into dbo.Patients (PatientCode, Surname, Sex, DOB) values (6, N'Ó Néill ✓', 'F', '20010203'), (7, 'x', null, 0)",
    );
    expect(counts).toEqual([2]);
    expect(
      rowsOf(open(engine, 'reader'), 'select surname, sex, dob from patients where patientcode > 5 order by 1'),
    ).toEqual([
      ['Ó Néill ?', 'F ', Date.UTC(2001, 1, 3)],
      ['x', null, Date.UTC(1900, 0, 1)],
    ]);
  });

  test('identity values, SCOPE_IDENTITY and @@IDENTITY', () => {
    expect(
      rowsOf(
        session,
        "insert notes (patientcode, note) values (2, 'a'), (2, 'b'); select scope_identity(), @@identity, @@rowcount",
      ),
    ).toEqual([[5, 5, 2]]);
    expect(errorOf(session, 'insert notes (noteid, patientcode) values (9, 1)')).toMatch(/^544/);
    runBatch(
      session,
      'set identity_insert notes on; insert notes (noteid, patientcode) values (9, 1); set identity_insert notes off',
    );
    expect(valueOf(session, 'insert notes (patientcode) values (1); select max(noteid) from notes')).toBe(10);
  });

  test('INSERT … SELECT and rows without a column list', () => {
    expect(
      runBatch(
        session,
        'insert notes (patientcode, price) select patientcode, balance from patients where balance > 0 and patientcode < 5',
      ).counts,
    ).toEqual([1]);
    expect(valueOf(session, 'select price from notes where noteid = 4')).toBe(1250);
    expect(errorOf(session, 'insert secrets values (1, 2)')).toMatch(/^213/);
  });

  test('UPDATE by expression, by alias and by join', () => {
    expect(
      runBatch(session, "update patients set surname = upper(surname), balance = balance + 1.5 where surname = 'smith'")
        .counts,
    ).toEqual([3]);
    expect(
      rowsOf(session, 'select surname, balance from patients where patientcode in (1, 3) order by patientcode'),
    ).toEqual([
      ['SMITH', 140000],
      ['SMITH  ', 15000],
    ]);
    runBatch(
      session,
      'update p set forename = cast(n.note as varchar(30)) from patients p join notes n on n.patientcode = p.patientcode where n.noteid = 2',
    );
    expect(valueOf(session, 'select forename from patients where patientcode = 1')).toBe('second');
    runBatch(session, 'update patients set patientcode += 100 where patientcode = 4');
    expect(valueOf(session, 'select count(*) from patients where patientcode = 104')).toBe(1);
  });

  test('DELETE with and without FROM', () => {
    expect(runBatch(session, 'delete from notes where price is null').counts).toEqual([1]);
    expect(
      runBatch(
        session,
        "delete n from notes n join patients p on p.patientcode = n.patientcode where p.surname = 'Smith'",
      ).counts,
    ).toEqual([2]);
  });

  test.each<[sql: string, error: RegExp]>([
    [
      'insert patients (patientcode) values (1)',
      /^2627 Violation of PRIMARY KEY constraint 'PK_Patients'\. Cannot insert duplicate key in object 'dbo\.Patients'/,
    ],
    [
      "insert copies values (newid(), 'a'), ('6F9619FF-8B86-D011-B42D-00C04FC964FF', 'b'), ('6f9619ff-8b86-d011-b42d-00c04fc964ff', 'c')",
      /^2627/,
    ],
    [
      "insert patients (forename) values ('x')",
      /^515 Cannot insert the value NULL into column 'PatientCode', table 'sys2000\.dbo\.Patients'; column does not allow nulls\. INSERT fails/,
    ],
    ["insert patients (patientcode, sex) values (9, 'FFF')", /^8152/],
    ["insert patients (patientcode, sex, dob) values (9, 'F', 'soon')", /^241/],
    ['update patients set nope = 1', /^207/],
    ['insert patients (patientcode, nope) values (1, 2)', /^207/],
    ['insert patients (patientcode, sex) values (1)', /^109/],
    ['update patients set patientcode = null where patientcode = 1', /^515 .* UPDATE fails/],
    ['update sys.tables set name = 1', /^259/],
    ['delete from nope', /^208/],
    ['delete from vwPatients', /^4405/],
  ])('%s', (sql, error) => {
    expect(errorOf(session, sql)).toMatch(error);
    expect(valueOf(session, 'select count(*) from patients')).toBe(5);
    expect(valueOf(session, 'select count(*) from copies')).toBe(0);
  });
});

describe('transactions', () => {
  test('ROLLBACK undoes, COMMIT keeps, @@TRANCOUNT counts', () => {
    expect(
      rowsOf(session, 'begin tran; begin transaction t; delete from notes; select @@trancount, count(*) from notes'),
    ).toEqual([[2, 0]]);
    expect(rowsOf(session, 'rollback; select @@trancount, count(*) from notes')).toEqual([[0, 3]]);
    runBatch(session, 'begin tran; delete from notes where noteid = 1; commit');
    expect(valueOf(session, 'select count(*) from notes')).toBe(2);
  });

  test('another session waits for a writer until its time-out, NOLOCK does not', () => {
    const other = open(engine);
    runBatch(session, "begin tran; update patients set forename = 'dirty' where patientcode = 1");
    expect(errorOf(other, 'set lock_timeout 20; select forename from patients where patientcode = 1')).toBe(
      '1222 Lock request time out period exceeded.',
    );
    expect(errorOf(other, "set lock_timeout 0; update patients set forename = 'x'")).toMatch(/^1222/);
    expect(valueOf(other, 'select forename from patients with (nolock) where patientcode = 1')).toBe('dirty');
    expect(
      valueOf(
        other,
        'set transaction isolation level read uncommitted; select forename from patients where patientcode = 1',
      ),
    ).toBe('dirty');
    session.close();
    expect(
      valueOf(
        other,
        'set transaction isolation level read committed; select forename from patients where patientcode = 1',
      ),
    ).toBe('Ann');
  });

  test('a long SELECT neither blocks a writer nor breaks', () => {
    const other = open(engine);
    const seen: unknown[] = [];
    for (const result of other.execute('select patientcode, forename from patients order by patientcode', [])) {
      if (result.kind !== 'rows') continue;
      for (const [code] of result.rows) {
        seen.push(code);
        if (code === 2) {
          runBatch(
            session,
            "update patients set forename = 'x'; delete from patients where patientcode = 1; begin tran; delete from patients where patientcode = 5; rollback",
          );
          runBatch(session, 'insert patients (patientcode) values (-1)');
          rowsOf(session, 'select patientcode, forename from patients order by patientcode');
        }
      }
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  test('reset puts a session back', () => {
    runBatch(session, 'set nocount on; use Tutor; begin tran');
    expect([session.noCount, session.database]).toEqual([true, 'Tutor']);
    session.reset();
    expect([session.noCount, session.database, valueOf(session, 'select @@trancount')]).toEqual([false, 'sys2000', 0]);
  });
});
