import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Practice, Practices } from '../practices/index.ts';
import { problemError } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The practice whose licence key the request bears; only on the agent's routes. */
    practice: Practice;
  }
}

/** Before the body is read: a stranger's body is not worth reading. */
export function licenceKeyHook(practices: Practices): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const key = bearerOf(request);
    if (key === null) throw problemError('AUTHORIZATION_MISSING');
    const practice = await practices.byLicenceKey(key);
    if (practice === null) throw problemError('LICENCE_UNKNOWN');
    if (practice.suspended) throw problemError('LICENCE_SUSPENDED');
    request.practice = practice;
  };
}

/** Compared by hashes, in constant time. The token is taken from the header alone: addresses end up in logs. */
export function operatorTokenHook(token: string): (request: FastifyRequest) => Promise<void> {
  const right = createHash('sha256').update(token).digest();
  return async (request) => {
    const given = bearerOf(request);
    if (given === null) throw problemError('AUTHORIZATION_MISSING');
    if (!timingSafeEqual(createHash('sha256').update(given).digest(), right))
      throw problemError('OPERATOR_TOKEN_WRONG');
  };
}

function bearerOf(request: FastifyRequest): string | null {
  const found = /^Bearer +([\x21-\x7e]{1,200})$/i.exec(request.headers.authorization ?? '');
  return found?.[1] ?? null;
}
