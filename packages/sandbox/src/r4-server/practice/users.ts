/** The practice's staff. */
export interface LogicalUser {
  readonly userCode: number;
  readonly fullName: string;
  readonly title: string;
  readonly forename: string;
  readonly surname: string;
  readonly initials: string;
  /** Whether they still work here. The column is called `Current`, a reserved word. */
  readonly current: number;
}

const staff: readonly (readonly [string, string, string, number])[] = [
  ['Mr', 'Rhodri', 'Pembroke', 1],
  ['Dr', 'Harriet', 'Lindqvist', 1],
  ['Dr', 'Samir', 'Okonjo', 1],
  ['Mrs', 'Beatrix', "O'Malley", 1],
  ['Mr', 'Tobias', 'Fenwick', 0],
  ['Ms', 'Delyth', 'Cadogan', 1],
  ['Miss', 'Paige', 'Holloway', 1],
  ['Mrs', 'Ingrid', 'Sørensen', 1],
  ['Mr', 'Callum', 'Baird', 1],
  ['Ms', 'Yvette', 'Marchant', 1],
  ['Miss', 'Tamsin', 'Rook', 0],
  ['Mrs', 'Glenys', 'Treharne', 1],
  ['Mr', 'Dominic', 'Ferreira', 1],
  ['Ms', 'Aoife', 'Kinsella', 1],
  ['Mrs', 'Ruth', 'Abernethy', 0],
  ['Mr', 'Jasper', 'Whitlock', 1],
  ['Miss', 'Noor', 'Rahimi', 1],
  ['Mrs', 'Wendy', 'Cobbold', 1],
  ['Mr', 'R4', 'Administrator', 1],
  ['', 'Locum', '', 0],
];

/** About twenty users; the first nine are clinicians. */
export const users: readonly LogicalUser[] = staff.map(([title, forename, surname, current], index) => ({
  userCode: index + 1,
  fullName: [title, forename, surname].filter((part) => part !== '').join(' '),
  title,
  forename,
  surname,
  initials: `${forename.slice(0, 1)}${surname.slice(0, 1)}`,
  current,
}));

/** Who appointments are with. */
export const providers: readonly LogicalUser[] = users.slice(0, 9);
