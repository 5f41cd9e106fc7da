/** What a browser calls itself, in two words. Pure. */

// The order counts: most browsers also name those that they descend from.
const BROWSERS: [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrom(e|ium)\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** null where it is no browser that we know. */
export function deviceOf(userAgent: string): { browser: string; system: string } | null {
  const browser = named(BROWSERS, userAgent);
  const system = named(SYSTEMS, userAgent);
  return browser && system ? { browser, system } : null;
}

const named = (known: [RegExp, string][], text: string) => known.find(([sign]) => sign.test(text))?.[1];
