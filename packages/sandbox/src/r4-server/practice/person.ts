import { dirtBit, patientDirt } from './dirt.ts';
import type { Random } from './random.ts';
import * as words from './words.ts';

/** Who somebody is: what a second record of the same person repeats. */
export interface Person {
  readonly title: string | null;
  readonly forename: string | null;
  readonly middleName: string | null;
  readonly surname: string | null;
  readonly sex: string | null;
  /** Naive milliseconds at midnight. */
  readonly dob: number | null;
  readonly dirt: number;
}

interface Names {
  readonly forename: string;
  readonly surname: string;
  readonly dirt: number;
}

const british = (random: Random, female: boolean): Names => {
  const forename = random.pick(female ? words.femaleForenames : words.maleForenames);
  if (random.chance(patientDirt.apostropheName.rate)) {
    const surname = random.pick(words.apostropheSurnames);
    const curly = random.chance(patientDirt.curlyQuote.rate * 10);
    return curly
      ? {
          forename,
          surname: surname.replace("'", '’'),
          dirt: dirtBit.apostropheName | dirtBit.curlyQuote,
        }
      : { forename, surname, dirt: dirtBit.apostropheName };
  }
  const surname = random.pick(random.chance(0.02) ? words.doubleSurnames : words.surnames);
  return { forename, surname, dirt: 0 };
};

const foreign = (random: Random, female: boolean, names: typeof words.welshNames): Omit<Names, 'dirt'> => ({
  forename: random.pick(female ? names.female : names.male),
  surname: random.pick(names.surnames),
});

const name = (random: Random, female: boolean): Names => {
  if (random.chance(patientDirt.welshName.rate))
    return { ...foreign(random, female, words.welshNames), dirt: dirtBit.welshName };
  if (random.chance(patientDirt.polishName.rate))
    return { ...foreign(random, female, words.polishNames), dirt: dirtBit.polishName };
  if (random.chance(patientDirt.greekName.rate))
    return { ...foreign(random, female, words.greekNames), dirt: dirtBit.greekName };
  return british(random, female);
};

const birthDay = (random: Random): number => {
  const year = random.between(1931, 2025);
  return Date.UTC(year, random.below(12), random.between(1, 28));
};

const dateOfBirth = (random: Random): { dob: number | null; dirt: number } => {
  if (random.chance(patientDirt.dobMissing.rate)) return { dob: null, dirt: dirtBit.dobMissing };
  if (random.chance(patientDirt.dobOleZero.rate)) return { dob: Date.UTC(1899, 11, 30), dirt: dirtBit.dobOleZero };
  if (random.chance(patientDirt.dobSqlZero.rate)) return { dob: Date.UTC(1900, 0, 1), dirt: dirtBit.dobSqlZero };
  // A two-digit year that was read as this century's.
  if (random.chance(patientDirt.dobFuture.rate))
    return {
      dob: Date.UTC(random.between(2035, 2078), random.below(12), random.between(1, 28)),
      dirt: dirtBit.dobFuture,
    };
  return { dob: birthDay(random), dirt: 0 };
};

/** Makes up a person from the current stream. Order of draws is part of the practice's identity: append, never insert. */
export const makePerson = (random: Random): Person => {
  const female = random.chance(0.52);
  let { forename, surname, dirt } = name(random, female);
  let title: string | null = random.chance(0.93)
    ? random.pick(female ? words.titles.female : words.titles.male)
    : random.chance(0.5)
      ? ''
      : null;
  let missingSurname: string | null | undefined;

  if (random.chance(patientDirt.titleInForename.rate)) {
    forename = `${female ? 'Mrs' : 'Mr'} ${forename}`;
    title = null;
    dirt |= dirtBit.titleInForename;
  }
  if (random.chance(patientDirt.testPatient.rate)) {
    [forename, surname] = random.pick(words.testPatients);
    dirt = dirtBit.testPatient;
  }
  if (random.chance(patientDirt.upperCase.rate)) {
    surname = surname.toUpperCase();
    dirt |= dirtBit.upperCase;
  }
  if (random.chance(patientDirt.trailingSpaces.rate)) {
    forename += ' ';
    surname += '  ';
    dirt |= dirtBit.trailingSpaces;
  }
  if (random.chance(patientDirt.noSurname.rate)) {
    missingSurname = random.pick([null, '', ' ']);
    dirt |= dirtBit.noSurname;
    if (random.chance(patientDirt.noNameAtAll.rate / patientDirt.noSurname.rate)) {
      forename = '';
      dirt |= dirtBit.noNameAtAll;
    }
  }
  const middleName = random.chance(0.35) ? random.pick(words.middleNames) : random.chance(0.5) ? '' : null;
  const sex = random.chance(0.985) ? (female ? 'F' : 'M') : random.pick(['', null, 'U']);
  const birth = dateOfBirth(random);
  return {
    title,
    forename,
    middleName,
    surname: missingSurname === undefined ? surname : missingSurname,
    sex,
    dob: birth.dob,
    dirt: dirt | birth.dirt,
  };
};
