/** A question of the practice's medical-history forms. */
export interface LogicalQuestion {
  readonly questionId: number;
  readonly text: string;
  readonly section: string;
  readonly position: number;
  readonly current: number;
  /** Ids of the preset answers that its form offers; none: free text alone. */
  readonly presets: readonly number[];
}

/** An answer that a form offers; the patient ticks it. */
export interface LogicalPresetAnswer {
  readonly presetId: number;
  readonly text: string;
  readonly position: number;
}

const presetTexts = [
  'Yes',
  'No',
  'True',
  'False',
  'Not sure',
  'Penicillin',
  'Latex',
  'Aspirin',
  'Nickel',
  'Anaesthetic',
  'None',
  'Type 1',
  'Type 2',
  'Daily',
  'Weekly',
  'Never',
  'Under 10 a day',
  '10 to 20 a day',
  'More than 20 a day',
  'Good',
  'Fair',
  'Poor',
  'Less than 14 units',
  'More than 14 units',
  'Ex-smoker',
] as const;

export const presetAnswers: readonly LogicalPresetAnswer[] = presetTexts.map((text, index) => ({
  presetId: index + 1,
  text,
  position: index,
}));

const preset = (...texts: readonly (typeof presetTexts)[number][]): readonly number[] =>
  texts.map((text) => presetTexts.indexOf(text) + 1);
const yesNo = preset('Yes', 'No');

// Old forms stay in R4 when a practice changes its form: the last ones repeat earlier texts under other numbers.
const forms: readonly (readonly [section: string, text: string, presets: readonly number[]])[] = [
  ['General', 'Are you attending or receiving treatment from a doctor, hospital, clinic or specialist?', yesNo],
  ['General', 'Are you taking any prescribed medicines (e.g. tablets, ointments, injections or inhalers)?', yesNo],
  ['General', 'Please list your medicines', []],
  ['General', 'Are you carrying a medical warning card?', yesNo],
  ['General', 'Are you pregnant or possibly pregnant?', preset('Yes', 'No', 'Not sure')],
  [
    'Allergies',
    'Are you allergic to any of these?',
    preset('Penicillin', 'Latex', 'Aspirin', 'Nickel', 'Anaesthetic', 'None'),
  ],
  ['Allergies', 'What happened when you had the reaction?', []],
  ['Allergies', 'Have you ever had a bad reaction to a general or local anaesthetic?', yesNo],
  ['Heart', 'Have you had rheumatic fever?', yesNo],
  ['Heart', 'Do you have a heart murmur, angina or high blood pressure?', yesNo],
  ['Heart', 'Have you had a heart attack, or heart surgery?', yesNo],
  ['Heart', 'Do you have a pacemaker?', preset('True', 'False')],
  ['Blood', 'Do you bruise easily, or have you ever bled excessively?', yesNo],
  ['Blood', 'Do you take blood thinners such as warfarin?', yesNo],
  ['Blood', 'Has your blood ever been refused by the blood service?', yesNo],
  ['Chest', 'Do you have asthma, bronchitis or another chest condition?', yesNo],
  ['Chest', 'How often do you use your inhaler?', preset('Daily', 'Weekly', 'Never')],
  ['Other', 'Do you have diabetes?', preset('Type 1', 'Type 2', 'No')],
  ['Other', 'Do you have arthritis?', yesNo],
  ['Other', 'Do you have epilepsy, fainting attacks or giddiness?', yesNo],
  ['Other', 'Have you had jaundice, liver or kidney disease, or hepatitis?', yesNo],
  ['Other', 'Are you HIV positive?', preset('Yes', 'No', 'Not sure')],
  ['Other', 'Have you had a joint replacement or other implant?', yesNo],
  ['Other', 'Do you take bisphosphonates or other medicine for your bones?', yesNo],
  ['Other', 'Is there a history of Creutzfeldt–Jakob disease in your family?', yesNo],
  ['Habits', 'Do you smoke?', preset('Under 10 a day', '10 to 20 a day', 'More than 20 a day', 'Ex-smoker', 'Never')],
  [
    'Habits',
    'How many units of alcohol do you drink in a week?',
    preset('Less than 14 units', 'More than 14 units', 'None'),
  ],
  ['Habits', 'How would you describe your general health?', preset('Good', 'Fair', 'Poor')],
  ['Habits', 'Anything else we should know?', []],
  ['Consent', 'I have answered to the best of my knowledge', preset('True', 'False')],
  ['Old form 2014', 'Do you smoke?', yesNo],
  ['Old form 2014', 'Do you have diabetes? ', yesNo],
  ['Old form 2014', 'DO YOU HAVE A PACEMAKER?', yesNo],
  ['Old form 2014', 'Are you anxious about dental treatment?', preset('Yes', 'No', 'Not sure')],
  ['Old form 2014', 'Name of your doctor’s surgery', []],
];

export const questions: readonly LogicalQuestion[] = forms.map(([section, text, presets], index) => ({
  questionId: 100 + index,
  text,
  section,
  position: index + 1,
  current: section.startsWith('Old') ? 0 : 1,
  presets,
}));
