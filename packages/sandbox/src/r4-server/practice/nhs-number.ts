const weights = [10, 9, 8, 7, 6, 5, 4, 3, 2] as const;

/**
 * The check digit of an NHS number's first nine digits; `undefined` where there is none (modulus 11 gives 10: such numbers
 * are not issued).
 *
 * @see https://www.datadictionary.nhs.uk/attributes/nhs_number.html
 */
export const nhsCheckDigit = (nineDigits: string): number | undefined => {
  const sum = weights.reduce((total, weight, index) => total + weight * Number(nineDigits[index]), 0);
  const digit = 11 - (sum % 11);
  if (digit === 11) return 0;
  return digit === 10 ? undefined : digit;
};

/**
 * An NHS number of the range that is never issued (999 …), so that it belongs to nobody. `spoilt`: with a wrong check digit.
 *
 * @param serial 0 to 999,999
 */
export const inventedNhsNumber = (serial: number, spoilt: boolean): string => {
  for (let attempt = serial; ; attempt = (attempt + 1) % 1_000_000) {
    const nine = `999${String(attempt).padStart(6, '0')}`;
    const digit = nhsCheckDigit(nine);
    if (digit !== undefined) return nine + String(spoilt ? (digit + 1) % 10 : digit);
  }
};
