/** How wide a line is when it is not wrapped, in columns of a fixed-width font: a good guess, for fonts differ. Pure. */

const TAB = 8;
// Most lines are made of these alone.
const NARROW = /^[\x20-\x7e]*$/;
/** Beyond this, all scripts may hold signs that are two columns wide. */
const WIDE_FROM = 0x1100;
/** Emoji and other signs beyond the first plane come from fonts of their own, and are wider still. */
const ASTRAL_FROM = 0x10000;

export function columnsOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let columns = 0;
  for (const sign of text) {
    const code = sign.codePointAt(0) ?? 0;
    if (sign === "\t") columns += TAB - (columns % TAB);
    else columns += code >= ASTRAL_FROM ? 3 : code >= WIDE_FROM ? 2 : 1;
  }
  return columns;
}
