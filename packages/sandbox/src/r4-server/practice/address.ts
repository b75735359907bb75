import { dirtBit, patientDirt } from './dirt.ts';
import { stream, type Random } from './random.ts';
import * as words from './words.ts';

/** A household's address as R4 holds it. `null` and `''` are both "nothing there", as in real data. */
export interface LogicalAddress {
  /** The key where addresses live in a table of their own: one household, one code. */
  readonly addressCode: number;
  readonly line1: string | null;
  readonly line2: string | null;
  readonly line3: string | null;
  readonly town: string | null;
  readonly county: string | null;
  readonly postcode: string | null;
  readonly dirt: number;
}

const inwardLetters = 'ABDEFGHJLNPQRSTUWXYZ';

const inwardLetter = (random: Random): string => inwardLetters[random.below(inwardLetters.length)] ?? 'A';

const streetName = (random: Random): string => `${random.pick(words.streets)} ${random.pick(words.streetKinds)}`;

/** Creates the function that makes up household number `index`. */
export const createAddresses = (random: Random): ((index: number) => LogicalAddress | undefined) => {
  const empty = (): string | null =>
    random.chance(patientDirt.blankForNull.rate) ? (random.chance(0.1) ? ' ' : '') : null;

  const postcode = (): { text: string | null; dirt: number } => {
    if (random.chance(0.01)) return { text: empty(), dirt: 0 };
    if (random.chance(patientDirt.postcodeWrong.rate))
      return {
        text: random.pick(['TBC', 'UNKNOWN', 'Harbourton', '?']),
        dirt: dirtBit.postcodeWrong,
      };
    const outward = random.pick(words.postcodeAreas) + String(random.between(1, 28));
    const inward = String(random.below(10)) + inwardLetter(random) + inwardLetter(random);
    const unspaced = random.chance(patientDirt.postcodeUnspaced.rate);
    const lowerCase = random.chance(patientDirt.postcodeLowerCase.rate);
    const text = outward + (unspaced ? '' : ' ') + inward;
    return {
      text: lowerCase ? text.toLowerCase() : text,
      dirt: (unspaced ? dirtBit.postcodeUnspaced : 0) | (lowerCase ? dirtBit.postcodeLowerCase : 0),
    };
  };

  return (index) => {
    random.start(stream.address, index);
    if (random.chance(patientDirt.addressMissing.rate)) return undefined;
    let dirt = 0;
    let line1 = `${random.between(1, 180)}${random.chance(0.05) ? 'A' : ''} ${streetName(random)}`;
    let line2: string | null;
    let line3 = random.chance(0.12) ? random.pick(words.localities) : empty();
    if (random.chance(0.15)) {
      line2 = line1;
      line1 = random.chance(0.5) ? `Flat ${random.between(1, 40)}` : random.pick(words.houseNames);
    } else {
      line2 = random.chance(0.2) ? random.pick(words.localities) : empty();
    }
    if (random.chance(patientDirt.addressGap.rate)) {
      line2 = random.chance(0.5) ? '' : null;
      line3 = random.pick(words.localities);
      dirt |= dirtBit.addressGap;
    }
    if (random.chance(patientDirt.curlyQuote.rate)) {
      line1 = `${random.between(1, 90)} St Mary’s ${random.pick(words.streetKinds)}`;
      dirt |= dirtBit.curlyQuote;
    }
    if (random.chance(patientDirt.undefinedByte.rate)) {
      line1 += ' \u0081';
      dirt |= dirtBit.undefinedByte;
    }
    const code = postcode();
    return {
      addressCode: 500_000 + index * 2,
      line1,
      line2,
      line3,
      town: random.chance(0.96) ? random.pick(words.towns) : empty(),
      county: random.chance(0.6) ? random.pick(words.counties) : empty(),
      postcode: code.text,
      dirt: dirt | code.dirt,
    };
  };
};
