/** Writes an integer scaled by 10^scale. */
export const formatScaled = (value: bigint, scale: number): string => {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`;
  return negative ? `-${text}` : text;
};

/** 10^n. */
export const power10 = (n: number): bigint => 10n ** BigInt(n);

/** Moves a scaled integer to another scale, rounding half away from zero. */
export const rescale = (value: bigint, from: number, to: number): bigint => {
  if (to >= from) return value * power10(to - from);
  return divideRounded(value, power10(from - to));
};

/** Quotient rounded half away from zero. */
export const divideRounded = (value: bigint, divisor: bigint): bigint => {
  const negative = value < 0n !== divisor < 0n;
  const a = value < 0n ? -value : value;
  const b = divisor < 0n ? -divisor : divisor;
  const quotient = (a * 2n + b) / (b * 2n);
  return negative ? -quotient : quotient;
};

/** Reads `-12.345` to the given scale, rounding; undefined where it is no number. */
export const parseScaled = (text: string, scale: number): bigint | undefined => {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const value = rescale(BigInt(`${whole}${fraction}` || '0'), fraction.length, scale);
  return sign === '-' ? -value : value;
};

/** A float as SQL Server shows it: six significant digits by default, `1e+006` with three digits of exponent. */
export const formatFloat = (value: number, digits: number | 'exact16' | 'exact8'): string => {
  if (digits !== 6) {
    const [mantissa = '', exponent = '0'] = value.toExponential(digits === 'exact16' ? 15 : 7).split('e');
    return `${mantissa}e${exponentText(Number(exponent))}`;
  }
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(6)))));
  if (exponent < -5 || exponent >= 6) {
    const [mantissa = '', power = '0'] = value.toExponential(5).split('e');
    return `${trimZeros(mantissa)}e${exponentText(Number(power))}`;
  }
  return trimZeros(Number(value.toPrecision(6)).toFixed(Math.max(0, 5 - exponent)));
};

const trimZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
const exponentText = (exponent: number): string =>
  `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(3, '0')}`;

/** Money in CONVERT's styles: 0 two decimals, 1 with commas, 2 four decimals. */
export const formatMoney = (value: bigint, style: number): string => {
  if (style === 2 || style === 126) return formatScaled(value, 4);
  const text = formatScaled(divideRounded(value, 100n), 2);
  return style === 1 ? text.replace(/\B(?=(\d{3})+(?=\.))/g, ',') : text;
};

/** Reads money: an optional currency sign, commas anywhere before the point, at most rounding to four decimals. */
export const parseMoney = (written: string): bigint | undefined => {
  const text = written.trim();
  if (text === '') return 0n;
  const match = /^([+-]?)\s*[$£€¥]?\s*([+-]?)\s*([\d,]*)(\.\d*)?\s*([+-]?)$/.exec(text);
  if (match === null) return undefined;
  const [, before = '', within = '', whole = '', fraction = '', behind = ''] = match;
  if ([before, within, behind].filter((sign) => sign !== '').length > 1) return undefined;
  if (whole === '' && fraction === '' && !/[$£€¥]/.test(text)) return undefined;
  const value = parseScaled(`${whole.replaceAll(',', '') || '0'}${fraction}`, 4);
  return value === undefined ? undefined : [before, within, behind].includes('-') ? -value : value;
};
