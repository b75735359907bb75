import { createAddresses, type LogicalAddress } from './address.ts';
import { datetimeTick, dayMs, practiceToday } from './calendar.ts';
import { dirtBit, patientDirt } from './dirt.ts';
import { inventedNhsNumber } from './nhs-number.ts';
import { makePerson, type Person } from './person.ts';
import { createRandom, stream, type Random } from './random.ts';
import * as words from './words.ts';

/** One patient as R4 knows them, in the simulator's own words; a dialect decides names, types and places. */
export interface LogicalPatient extends Person, Omit<LogicalAddress, 'addressCode'> {
  readonly patientCode: number;
  /** `null`: no address. */
  readonly addressCode: number | null;
  readonly knownAs: string | null;
  readonly homePhone: string | null;
  readonly workPhone: string | null;
  readonly mobilePhone: string | null;
  readonly email: string | null;
  readonly nhsNumber: string | null;
  readonly archived: number;
  readonly registered: number | null;
  readonly lastVisit: number | null;
  readonly recallDate: number | null;
  readonly dentistCode: number | null;
  readonly hygienistCode: number | null;
  readonly doctorCode: number | null;
  readonly familyHead: number | null;
  readonly maritalStatus: string | null;
  readonly occupation: string | null;
  readonly smsConsent: number;
  readonly emailConsent: number;
  readonly creditLimit: number | null;
  readonly discount: number | null;
  readonly notes: string | null;
  readonly lastUpdated: number;
}

/** R4's number of patient `index`: from 1,000,000 upward, with gaps where records were deleted. */
export const patientCodeOf = (index: number): number =>
  1_000_000 + index + Math.floor(index / 250) + 3 * Math.floor(index / 1777);

const emptyAddress: Omit<LogicalAddress, 'addressCode'> = {
  line1: null,
  line2: null,
  line3: null,
  town: null,
  county: null,
  postcode: null,
  dirt: dirtBit.addressMissing,
};

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

// Ofcom keeps 01632 960xxx and 07700 900xxx free for fiction.
const landline = (random: Random): string => `01632 960${digits(random.below(1000), 3)}`;
const mobile = (random: Random): string =>
  `${random.chance(0.3) ? '07700900' : '07700 900'}${digits(random.below(1000), 3)}`;

/** Creates the function that makes up patient number `index` of a practice. */
export const createPatients = (seed: number): ((index: number) => LogicalPatient) => {
  const random = createRandom(seed);
  const address = createAddresses(createRandom(seed));
  const empty = (): string | null => (random.chance(patientDirt.blankForNull.rate) ? '' : null);

  const phone = (make: (from: Random) => string, present: number): { text: string | null; dirt: number } => {
    if (!random.chance(present)) return { text: empty(), dirt: 0 };
    if (!random.chance(patientDirt.phoneWords.rate / 2)) return { text: make(random), dirt: 0 };
    const alone = random.chance(0.25);
    return {
      text: alone ? random.pick(words.phoneWords) : `${make(random)} ${random.pick(words.phoneRemarks)}`,
      dirt: dirtBit.phoneWords,
    };
  };

  const email = (person: Person, index: number): { text: string | null; dirt: number } => {
    if (!random.chance(0.7)) return { text: empty(), dirt: 0 };
    if (random.chance(patientDirt.noEmailInWords.rate))
      return {
        text: random.pick(['none', 'no email', 'n/a', 'NONE']),
        dirt: dirtBit.noEmailInWords,
      };
    const plain =
      (person.forename ?? '')
        .normalize('NFD')
        .toLowerCase()
        .replace(/[^a-z]/g, '') || 'patient';
    const first = `${plain}.${index}@example.${random.pick(['com', 'org', 'net'])}`;
    if (!random.chance(patientDirt.severalEmails.rate))
      return { text: random.chance(0.02) ? `${first} ` : first, dirt: 0 };
    return {
      text: `${first}${random.pick(['; ', ', ', ' / ', ' '])}family.${index}@example.com`,
      dirt: dirtBit.severalEmails,
    };
  };

  const nhsNumber = (): { text: string | null; dirt: number } => {
    if (!random.chance(0.72)) return { text: empty(), dirt: 0 };
    const spoilt = random.chance(patientDirt.nhsCheckDigit.rate);
    const spaced = random.chance(patientDirt.nhsSpaced.rate);
    const number = inventedNhsNumber(random.below(1_000_000), spoilt);
    return {
      text: spaced ? `${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}` : number,
      dirt: (spoilt ? dirtBit.nhsCheckDigit : 0) | (spaced ? dirtBit.nhsSpaced : 0),
    };
  };

  /** A pair of neighbours in the card index may be one household: the second then lives at the first one's address. */
  const household = (index: number): number => {
    if (index % 2 === 0) return index;
    random.start(stream.household, index);
    return random.chance(0.4) ? index - 1 : index;
  };

  const personOf = (index: number): Person => {
    random.start(stream.patient, index);
    return makePerson(random);
  };

  return (index) => {
    const home = household(index);
    let person = personOf(index);
    let repeated = 0;
    if (index > 10 && random.chance(patientDirt.duplicate.rate)) {
      person = personOf(random.below(index));
      repeated = dirtBit.duplicate;
      random.start(stream.patient, -index);
    }
    const lives = address(home);
    const homePhone = phone(landline, 0.6);
    const workPhone = phone(landline, 0.15);
    const mobilePhone = phone(mobile, 0.8);
    const mail = email(person, index);
    const nhs = nhsNumber();
    const archived = random.chance(patientDirt.archived.rate);
    const registered = practiceToday - random.below(9000) * dayMs;
    const lastVisit = random.chance(0.85) ? practiceToday - random.below(1500) * dayMs : null;
    return {
      patientCode: patientCodeOf(index),
      title: person.title,
      forename: person.forename,
      middleName: person.middleName,
      surname: person.surname,
      knownAs: random.chance(0.06) ? (person.forename ?? '').slice(0, 3) : empty(),
      sex: person.sex,
      dob: person.dob,
      addressCode: lives === undefined ? null : lives.addressCode,
      line1: lives === undefined ? empty() : lives.line1,
      line2: lives === undefined ? empty() : lives.line2,
      line3: lives === undefined ? empty() : lives.line3,
      town: lives === undefined ? empty() : lives.town,
      county: lives === undefined ? empty() : lives.county,
      postcode: lives === undefined ? empty() : lives.postcode,
      homePhone: homePhone.text,
      workPhone: workPhone.text,
      mobilePhone: mobilePhone.text,
      email: mail.text,
      nhsNumber: nhs.text,
      archived: archived ? 1 : 0,
      registered,
      lastVisit,
      recallDate: lastVisit === null ? null : lastVisit + 182 * dayMs,
      dentistCode: random.between(1, 6),
      hygienistCode: random.chance(0.5) ? random.between(7, 9) : null,
      doctorCode: random.chance(0.7) ? random.between(1, 40) : 0,
      familyHead: patientCodeOf(home),
      maritalStatus: random.chance(0.4) ? random.pick(['M', 'S', 'D', 'W']) : empty(),
      occupation: random.chance(0.35) ? random.pick(words.occupations) : empty(),
      smsConsent: random.chance(0.7) ? 1 : 0,
      emailConsent: random.chance(0.5) ? 1 : 0,
      creditLimit: random.chance(0.1) ? random.below(50) * 100_000 : 0,
      discount: random.chance(0.05) ? random.between(5, 20) : 0,
      notes: random.chance(0.12)
        ? random.pick(random.chance(0.1) ? words.quotedSentences : words.noteSentences)
        : empty(),
      lastUpdated: datetimeTick(practiceToday - random.below(1_000_000_000)),
      dirt:
        person.dirt |
        repeated |
        (lives ?? emptyAddress).dirt |
        homePhone.dirt |
        workPhone.dirt |
        mobilePhone.dirt |
        mail.dirt |
        nhs.dirt |
        (archived ? dirtBit.archived : 0),
    };
  };
};
