import type { LicenceAnswer } from '../contract/index.ts';

/** What the newest licence answer replaces in the schema map. The catalogue is not looked at before the first answer, or its failure. */
export function createOverrides() {
  const first = Promise.withResolvers<void>();
  let newest: LicenceAnswer['schemaOverrides'] = {};
  return {
    async from(asking: Promise<LicenceAnswer>): Promise<LicenceAnswer> {
      try {
        const answer = await asking;
        newest = answer.schemaOverrides;
        return answer;
      } finally {
        first.resolve();
      }
    },
    async known(): Promise<LicenceAnswer['schemaOverrides']> {
      await first.promise;
      return newest;
    },
  };
}
