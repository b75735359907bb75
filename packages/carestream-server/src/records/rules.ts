/**
 * The named rules for R4's dirt. Each counts in the pass's report. Those with a mark also stand on the record, because
 * something about it is doubtful; the others only changed how the same thing is written.
 */
export const ruleTable = {
  'blank-as-null': { mark: false, what: 'A blank text counts as nothing.' },
  trimmed: { mark: false, what: 'Spaces around a text are left out.' },
  'text-control-characters': { mark: true, what: 'Control characters in a text became spaces or U+FFFD.' },
  'text-undefined-bytes': {
    mark: true,
    what: 'A text holds bytes that its code page does not define; each shows as U+FFFD.',
  },
  'text-truncated': { mark: true, what: 'A text was longer than the contract allows; its beginning is passed on.' },
  'list-truncated': { mark: true, what: 'A list was longer than the contract allows; its first items are passed on.' },
  'value-unreadable': { mark: true, what: 'A column holds a value that is no text, number or date; it is left out.' },
  'surname-missing': { mark: true, what: 'There is no surname.' },
  'title-in-forename': {
    mark: true,
    what: 'The forename begins with a title; moved to the title where that is certain.',
  },
  'sex-unrecognised': { mark: true, what: 'The sex is written in a way that we do not know; passed on as text.' },
  'dob-placeholder': { mark: true, what: 'The date of birth is a program’s zero date; left out.' },
  'dob-in-future': { mark: true, what: 'The date of birth lies in the future; passed on as text.' },
  'dob-implausible': { mark: true, what: 'The date of birth is more than 125 years ago; passed on as text.' },
  'dob-unreadable': { mark: true, what: 'The date of birth cannot be read with certainty; passed on as text.' },
  'dob-with-time': { mark: true, what: 'The date of birth has a time of day; the date is passed on.' },
  'nhs-number-normalised': { mark: false, what: 'Spaces or hyphens in an NHS number are left out.' },
  'nhs-number-check-failed': { mark: true, what: 'The NHS number fails its check digit.' },
  'nhs-number-placeholder': { mark: true, what: 'The NHS number is one digit ten times; left out.' },
  'nhs-number-unreadable': { mark: true, what: 'The NHS number has not ten digits; passed on as written.' },
  'email-split': { mark: false, what: 'One field held several e-mail addresses.' },
  'email-repeated': { mark: false, what: 'The same e-mail address stood there twice; it is passed on once.' },
  'email-unreadable': { mark: true, what: 'Words in an e-mail field are no address; left out.' },
  'phone-repeated': { mark: false, what: 'The same telephone number stood there twice; it is passed on once.' },
  'postcode-normalised': { mark: false, what: 'A UK postcode was written in capitals with one space.' },
  'postcode-not-uk': { mark: true, what: 'The postcode is no UK one for certain; passed on as written.' },
  'address-gap-closed': { mark: false, what: 'Empty lines between full address lines are left out.' },
  'address-line-split': { mark: false, what: 'An address line with line breaks became several lines.' },
  'address-several': {
    mark: true,
    what: 'Several addresses belong to the patient; the one with the lowest key is passed on.',
  },
  'flag-unrecognised': { mark: true, what: 'A yes-or-no column holds something else; left out.' },
  'status-other': { mark: false, what: 'A status in words says nothing of being archived; left out.' },
  'death-placeholder': { mark: false, what: 'The date of death is a program’s zero date; left out.' },
  archived: { mark: false, what: 'The patient is archived.' },
  deceased: { mark: false, what: 'The patient has died.' },
  // Of full records alone. What is odd about a history marks the full record, never the basics, whose digest must not depend on who
  // read them.
  'time-placeholder': { mark: false, what: 'A time is a program’s zero date; left out.' },
  'time-unreadable': { mark: true, what: 'A time cannot be read; left out.' },
  'time-ambiguous': { mark: false, what: 'A wall time came twice that day; the earlier instant is passed on, marked.' },
  'time-impossible': { mark: false, what: 'A wall time did not exist that day; no instant is passed on.' },
  'alert-inactive': { mark: false, what: 'A medical alert that is no longer in force is left out.' },
  'alert-blank': { mark: false, what: 'A medical alert without text is left out.' },
  'alert-from-flag': {
    mark: true,
    what: 'A medical alert is a column that says yes or holds a few words; the column’s name stands for the alert’s text.',
  },
  'alert-repeated': { mark: false, what: 'A column says what another alert says already; it is passed on once.' },
  'alert-superseded': {
    mark: false,
    what: 'A column of an older medical history says yes; the newest history of the patient counts.',
  },
  'alert-histories-several': {
    mark: true,
    what: 'The patient has several medical histories, and nothing tells which is the newest; what any of them says is passed on.',
  },
  'questionnaire-repeated': {
    mark: true,
    what: 'Two questionnaires bear one key; the answers that point at it stand with the first.',
  },
  'question-text-missing': { mark: true, what: 'An answer’s question is not in the table; its number stands for it.' },
  'answer-orphaned': { mark: true, what: 'An answer belongs to no questionnaire of the patient; left out.' },
} as const satisfies Record<string, { readonly mark: boolean; readonly what: string }>;

/** The name of a rule. */
export type RuleName = keyof typeof ruleTable;

/** The rules that applied to one record, each once, in the order in which they did. */
export type Applied = RuleName[];

/** Notes that a rule applied. */
export function note(applied: Applied, name: RuleName): void {
  if (!applied.includes(name)) applied.push(name);
}

/** The marks among the rules, sorted, as the contract wants them; undefined for none. */
export function marksOf(applied: Applied): string[] | undefined {
  let marks: string[] | undefined;
  for (const name of applied) if (ruleTable[name].mark) (marks ??= []).push(name);
  return marks?.sort();
}
