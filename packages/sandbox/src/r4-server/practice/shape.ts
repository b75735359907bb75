/** How large a practice is generated. */
export interface PracticeShape {
  readonly seed: number;
  readonly patients: number;
  /**
   * The size of a table that has `usual` rows in a practice of {@link defaultPatients}: smaller practices have fewer in
   * proportion; larger ones no more, so that a million patients start quickly.
   */
  scaled(usual: number): number;
}

/** The size of the practice that the simulator generates unless told. */
export const defaultPatients = 17_010;

/** @throws RangeError for a number of patients that is no whole number from 0 to 5,000,000. */
export const createShape = (seed: number, patients: number): PracticeShape => {
  if (!Number.isInteger(patients) || patients < 0 || patients > 5_000_000) {
    throw new RangeError(`A practice has from 0 to 5,000,000 patients, not ${patients}.`);
  }
  const share = Math.min(1, patients / defaultPatients);
  return { seed, patients, scaled: (usual) => Math.round(usual * share) };
};
