/** Addresses in the text of a log, as parts of it. Pure. */

const ADDRESS = /\bhttps?:\/\/[^\s"'<>`\u0000-\u0020]+[^\s"'<>`.,;:!?)\]}]/g;

export interface Part {
  text: string;
  address?: string;
}

export function partsOf(text: string): Part[] {
  if (!text.includes("://")) return [{ text }];
  const parts: Part[] = [];
  let read = 0;
  for (const match of text.matchAll(ADDRESS)) {
    if (match.index > read) parts.push({ text: text.slice(read, match.index) });
    parts.push({ text: match[0], address: match[0] });
    read = match.index + match[0].length;
  }
  if (read < text.length) parts.push({ text: text.slice(read) });
  return parts;
}
