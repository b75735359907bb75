/**
 * What SQL Server keeps of a Unicode text that is stored in a `varchar` of the Latin1 code page (CP1252): characters of
 * the page as they are, a look-alike where Windows knows one (its best-fit table), else a question mark.
 *
 * @see https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WindowsBestFit/bestfit1252.txt
 */
const page1252 = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');

// Only what the generator's names can contain; the full table has some 350 lines.
const bestFit = new Map(
  Object.entries({
    Ł: 'L',
    ł: 'l',
    Ą: 'A',
    ą: 'a',
    Ć: 'C',
    ć: 'c',
    Ę: 'E',
    ę: 'e',
    Ń: 'N',
    ń: 'n',
    Ś: 'S',
    ś: 's',
    Ź: 'Z',
    ź: 'z',
    Ż: 'Z',
    ż: 'z',
    Ŵ: 'W',
    ŵ: 'w',
    Ŷ: 'Y',
    ŷ: 'y',
    Γ: 'G',
    Θ: 'T',
    Σ: 'S',
    Φ: 'F',
    Ω: 'O',
    α: 'a',
    δ: 'd',
    ε: 'e',
    π: 'p',
    σ: 's',
    τ: 't',
    φ: 'f',
  }),
);

const beyondAscii = /[^\0-\u007f]/;
const beyondLatin1 = /[^\0-\u00ff]/gu;

/** The text as a CP1252 `varchar` returns it. U+0081 and its like stand for the page's undefined bytes, which are kept. */
export const asCodePage1252 = (text: string): string =>
  beyondAscii.test(text)
    ? text.replace(beyondLatin1, (char) => (page1252.has(char) ? char : (bestFit.get(char) ?? '?')))
    : text;
