import type { Disguise } from './fill.ts';

/**
 * Surnames of R4's training databases. Their patients bear the same codes as real ones, so whoever reads the wrong database
 * finds somebody; these names prove it.
 */
export const trainingSurnames = { Tutor: 'TUTOR-ONLY', NG_R4_Tutor: 'NG-TUTOR-ONLY' } as const;

/** The training databases. */
export const trainingDatabases = Object.keys(trainingSurnames) as readonly (keyof typeof trainingSurnames)[];

/** How many patients a training database holds at most. */
export const trainingPatients = 120;

/** Puts a training database's names on its patients. */
export const asTrainee = (database: keyof typeof trainingSurnames): Disguise => {
  return (patient) => ({
    ...patient,
    forename: `Trainee ${patient.patientCode}`,
    surname: trainingSurnames[database],
    email: `trainee.${patient.patientCode}@example.net`,
  });
};
