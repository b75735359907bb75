import { flag, type FieldMap } from './field-map.ts';

const flagged = (words: string, ...names: readonly string[]): FieldMap => ({
  ranks: [names],
  types: flag,
  need: 'rare',
  many: true,
  flag: words,
});

/**
 * Medical alerts that are kept as columns, on the patients' table or on a table of medical histories: a yes or a no each, or a few
 * words. All names of one field mean the same; a column whose meaning is not certain from its name alone has no place here.
 */
export const medicalFlags = {
  medicalWarning: flagged(
    'Medical alert',
    'MedicalAlert',
    'MedicalAlerts',
    'MedAlert',
    'HasMedicalAlert',
    'MedicalAlertFlag',
    'MedicalWarning',
    'MedicalWarnings',
    'MedicalAlertText',
  ),
  allergies: flagged(
    'Allergies',
    'Allergies',
    'Allergy',
    'HasAllergies',
    'HasAllergy',
    'AllergyDetails',
    'AllergyText',
    'DrugAllergies',
    'MedicalAllergies',
  ),
  penicillinAllergy: flagged(
    'Allergic to penicillin',
    'PenicillinAllergy',
    'AllergicToPenicillin',
    'PenicillinAllergic',
    'AllergyPenicillin',
    'AllergicPenicillin',
  ),
  latexAllergy: flagged('Allergic to latex', 'LatexAllergy', 'AllergicToLatex', 'AllergyLatex', 'AllergicLatex'),
  warfarin: flagged('Warfarin', 'Warfarin', 'OnWarfarin', 'TakesWarfarin', 'TakingWarfarin'),
  anticoagulants: flagged(
    'Anticoagulants',
    'Anticoagulant',
    'Anticoagulants',
    'OnAnticoagulants',
    'BloodThinners',
    'BloodThinner',
  ),
  bleedingDisorder: flagged('Bleeding disorder', 'BleedingDisorder', 'BleedingDisorders', 'BleedingProblem'),
  haemophilia: flagged('Haemophilia', 'Haemophilia', 'Haemophiliac', 'Hemophilia'),
  pacemaker: flagged('Pacemaker', 'Pacemaker', 'HasPacemaker'),
  heartMurmur: flagged('Heart murmur', 'HeartMurmur'),
  heartDisease: flagged('Heart disease', 'HeartDisease', 'HeartCondition', 'HeartProblem', 'HeartProblems'),
  heartValve: flagged('Heart valve', 'HeartValve', 'ArtificialHeartValve', 'ReplacementHeartValve'),
  endocarditis: flagged('Endocarditis', 'Endocarditis', 'InfectiveEndocarditis'),
  rheumaticFever: flagged('Rheumatic fever', 'RheumaticFever'),
  angina: flagged('Angina', 'Angina'),
  stroke: flagged('Stroke', 'Stroke', 'HadStroke'),
  highBloodPressure: flagged('High blood pressure', 'HighBloodPressure', 'Hypertension', 'HighBP'),
  diabetes: flagged('Diabetes', 'Diabetes', 'Diabetic', 'IsDiabetic', 'HasDiabetes'),
  epilepsy: flagged('Epilepsy', 'Epilepsy', 'Epileptic', 'IsEpileptic', 'HasEpilepsy'),
  asthma: flagged('Asthma', 'Asthma', 'Asthmatic', 'IsAsthmatic', 'HasAsthma'),
  bisphosphonates: flagged('Bisphosphonates', 'Bisphosphonates', 'Bisphosphonate', 'OnBisphosphonates'),
  steroids: flagged('Steroids', 'Steroids', 'OnSteroids', 'SteroidTherapy'),
  hepatitis: flagged('Hepatitis', 'Hepatitis', 'HasHepatitis'),
  hiv: flagged('HIV', 'HIV', 'HIVPositive'),
  liverDisease: flagged('Liver disease', 'LiverDisease', 'LiverProblem', 'LiverProblems'),
  kidneyDisease: flagged('Kidney disease', 'KidneyDisease', 'KidneyProblem', 'KidneyProblems', 'RenalDisease'),
  jointReplacement: flagged('Joint replacement', 'JointReplacement', 'ArtificialJoint', 'ReplacementJoint'),
  pregnant: flagged('Pregnant', 'Pregnant', 'IsPregnant'),
} as const satisfies Record<string, FieldMap>;

/** A medical alert that is kept as a flag. */
export type MedicalFlag = keyof typeof medicalFlags;

/** The fields of them, in the order in which alerts are passed on. */
export const medicalFlagNames = Object.keys(medicalFlags) as readonly MedicalFlag[];

/** Tables of which a patient has a row, or one for each time that the history was taken. */
export const medicalHistoryTables: readonly (readonly string[])[] = [
  [
    'MedicalHistory',
    'MedicalHistories',
    'PatientMedicalHistory',
    'PatientMedicalHistories',
    'MedHistory',
    'PatientMedHistory',
  ],
  [
    'PatientMedical',
    'MedicalDetails',
    'PatientMedicalDetails',
    'MedicalConditions',
    'PatientMedicalConditions',
    'PatientConditions',
    'MedicalFlags',
    'PatientMedicalFlags',
  ],
];
