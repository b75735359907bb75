import { table, type Dialect } from '../dialect.ts';
import { bit, datetime, int, varchar } from '../types.ts';
import { classic } from './classic.ts';

const { medicalAlerts: _, ...tables } = classic.tables;

/** A practice without a table of alerts: what the patient's card warns of are columns of the medical histories. */
export const medicalHistory: Dialect = {
  name: 'medical-history',
  what: 'as classic, but medical alerts are yes-or-no columns of a table of medical histories',
  addressPlace: 'patient',
  tables: {
    ...tables,
    medicalHistories: table(
      'MedicalHistory',
      [
        ['historyId', 'MedicalHistoryID', int],
        ['patientCode', 'PatientCode', int],
        ['takenAt', 'DateTaken', datetime],
        ['penicillin', 'PenicillinAllergy', bit],
        ['warfarin', 'Warfarin', bit],
        ['latex', 'LatexAllergy', bit],
        ['pacemaker', 'Pacemaker', bit],
        ['diabetes', 'Diabetic', bit],
        ['asthma', 'Asthma', bit],
        ['bisphosphonates', 'Bisphosphonates', bit],
        ['heartMurmur', 'HeartMurmur', varchar(60)],
        ['epilepsy', 'Epilepsy', bit],
        ['pregnant', 'Pregnant', bit],
      ],
      { key: ['historyId'], indexes: [['patientCode']] },
    ),
  },
};
