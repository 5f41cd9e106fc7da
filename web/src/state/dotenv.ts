/**
 * Reads `.env` files as lci_app/core/dotenv.py does: `NAME=value`, `export NAME=value`, comments from ` #` on; quoted values
 * may span lines, those in double quotes know `\n`, `\r`, `\t` and a backslash before any other character. Pure.
 */

export interface Fault {
  kind: "line" | "open" | "behind";
  line: number;
  name: string;
}
export type Parsed = { values: Record<string, string>; fault: null } | { values: null; fault: Fault };

const KEY = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/y;
const QUOTED: Record<string, RegExp> = { '"': /"((?:[^"\\]|\\[^])*)"/y, "'": /'([^']*)'/y };
const REST = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const COMMENT = /(?:^|[ \t])#.*$/;
const MEANT: Record<string, string> = { n: "\n", r: "\r", t: "\t" };

/** The variables of a file, the last one where a name stands twice; or the first thing that is wrong with it. */
export function parseDotenv(file: string): Parsed {
  const text = file.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  const values: Record<string, string> = {};
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf("\n", at);
    const end = found < 0 ? text.length : found;
    const line = text.slice(at, end).trim();
    if (!line || line.startsWith("#")) {
      at = end + 1;
      continue;
    }
    const number = text.slice(0, at).split("\n").length;
    const key = matchAt(KEY, text, at);
    const name = key?.[1] ?? "";
    if (!key) return { values: null, fault: { kind: "line", line: number, name } };
    const read = valueAt(text, at + key[0].length, end);
    if (typeof read === "string") return { values: null, fault: { kind: read, line: number, name } };
    [values[name], at] = read;
  }
  return { values, fault: null };
}

/** The value at `at`, and where the next line begins. */
function valueAt(text: string, at: number, end: number): [string, number] | "open" | "behind" {
  const quote = text[at] ?? "";
  const pattern = QUOTED[quote];
  if (!pattern) return [text.slice(at, end).replace(COMMENT, "").trim(), end + 1];
  const quoted = matchAt(pattern, text, at);
  if (!quoted) return "open";
  const behind = at + quoted[0].length;
  const rest = matchAt(REST, text, behind);
  if (!rest) return "behind";
  const value = quoted[1] ?? "";
  return [quote === '"' ? value.replace(/\\([^])/g, (_, sign: string) => MEANT[sign] ?? sign) : value, behind + rest[0].length];
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
