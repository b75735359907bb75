import { describe, expect, test } from 'vitest';
import { practiceError } from './driver-errors.ts';

const sqlError = (number: number, message: string): Error =>
  Object.assign(new Error(message), { code: 'EREQUEST', number });

describe('a driver’s error becomes one of ours', () => {
  test.each([
    [229, 'PRACTICE_PERMISSION_DENIED'],
    [208, 'PRACTICE_SCHEMA_CHANGED'],
    [207, 'PRACTICE_SCHEMA_CHANGED'],
    [1205, 'PRACTICE_DEADLOCK'],
    [601, 'PRACTICE_DEADLOCK'],
    [605, 'PRACTICE_DEADLOCK'],
    [1222, 'PRACTICE_LOCK_TIMEOUT'],
    [942, 'PRACTICE_DATABASE_OFFLINE'],
    [926, 'PRACTICE_DATABASE_OFFLINE'],
    [922, 'PRACTICE_DATABASE_RESTORING'],
    [927, 'PRACTICE_DATABASE_RESTORING'],
    [924, 'PRACTICE_DATABASE_SINGLE_USER'],
    [6005, 'PRACTICE_SERVER_STOPPING'],
    [245, 'PRACTICE_QUERY_FAILED'],
  ])('%i', (number, code) => {
    expect(practiceError(sqlError(number, 'x'), { phase: 'query' })).toMatchObject({ code, details: { number } });
  });

  test('a value of R4 in the server’s text goes nowhere; a name that we asked for does', () => {
    const conversion = practiceError(
      sqlError(245, "Conversion failed when converting the varchar value 'Smith, Anne' to data type int."),
      {
        phase: 'query',
        identifiers: ['Patients', 'Surname'],
      },
    );
    expect(JSON.stringify([conversion.message, conversion.details])).not.toContain('Anne');
    const denied = practiceError(
      sqlError(229, "The SELECT permission was denied on the object 'Patients', database 'sys2000', schema 'dbo'."),
      {
        phase: 'query',
        identifiers: ['Patients'],
      },
    );
    expect(denied.details).toEqual({ number: 229, name: 'Patients' });
    const other = practiceError(sqlError(208, "Invalid object name 'dbo.Secret Person'."), {
      phase: 'query',
      identifiers: ['Patients'],
    });
    expect(other.details).toEqual({ number: 208 });
  });

  test('4060 is sent together with 18456, and says more', () => {
    const failure = practiceError(Object.assign(new Error('Login failed.'), { code: 'ELOGIN' }), {
      phase: 'connect',
      loginNumbers: [4060, 18_456],
    });
    expect(failure).toMatchObject({ code: 'PRACTICE_DATABASE_UNAVAILABLE', details: { number: 4060 } });
  });

  test.each([
    ['connect', 'ESOCKET', 'ECONNREFUSED', 'PRACTICE_UNREACHABLE'],
    ['connect', 'ETIMEOUT', undefined, 'PRACTICE_NO_ANSWER'],
    ['connect', 'ESOCKET', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'PRACTICE_TLS_FAILED'],
    ['connect', 'ESOCKET', 'ERR_TLS_CERT_ALTNAME_INVALID', 'PRACTICE_TLS_FAILED'],
    ['connect', 'ESOCKET', 'ERR_SSL_UNSUPPORTED_PROTOCOL', 'PRACTICE_TLS_FAILED'],
    ['connect', 'EENCRYPT', undefined, 'PRACTICE_TLS_FAILED'],
    ['connect', 'EINSTLOOKUP', undefined, 'PRACTICE_INSTANCE_NOT_FOUND'],
    ['connect', 'ELOGIN', undefined, 'PRACTICE_LOGIN_FAILED'],
    ['query', 'ESOCKET', 'ECONNRESET', 'PRACTICE_CONNECTION_LOST'],
    ['query', 'ECLOSE', undefined, 'PRACTICE_CONNECTION_LOST'],
    ['query', 'ETIMEOUT', undefined, 'PRACTICE_TIMEOUT'],
    ['query', 'EWHATEVER', undefined, 'PRACTICE_QUERY_FAILED'],
  ] as const)('%s %s %s', (...[phase, code, cause, expected]) => {
    const error = Object.assign(
      new Error('x', { cause: cause === undefined ? undefined : Object.assign(new Error('y'), { code: cause }) }),
      { code },
    );
    expect(practiceError({ originalError: error }, { phase }).code).toBe(expected);
  });

  test('anything at all, cycles too', () => {
    const cycle: { cause?: unknown } = {};
    cycle.cause = cycle;
    for (const thrown of [cycle, null, undefined, 'text', 7, new Error('x')]) {
      expect(practiceError(thrown, { phase: 'query' }).code).toBe('PRACTICE_QUERY_FAILED');
      expect(practiceError(thrown, { phase: 'connect' }).code).toBe('PRACTICE_UNREACHABLE');
    }
  });
});
