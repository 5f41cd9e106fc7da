/** The dictionary of the chosen language, and what a language says of times and sizes. */

import { preferences, type Language } from "../state/preferences.svelte.ts";
import { en } from "./en.ts";

export type Words = typeof en;

/** Each language by its own name. */
export const LANGUAGES: readonly [Language, string][] = [["en", "English"], ["ko", "한국어"]];

// English is always there; another comes when it is spoken.
let loaded = $state.raw<Partial<Record<Language, Words>>>({ en });
export const t = (): Words => loaded[preferences.kept.language] ?? en;

/** Have the words of a language there. Where they cannot be had, the page speaks English. */
export async function speak(language: Language): Promise<void> {
  if (language === "ko" && !loaded.ko) loaded = { ...loaded, ko: (await import("./ko.ts")).ko };
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** How long ago a time is, as of `now` (milliseconds). */
export function age(time: string, now: number): string {
  const seconds = Math.min(0, (Date.parse(time) - now) / 1000);
  const [unit, size] = UNITS.find(([, size]) => -seconds >= size) ?? ["second", 1];
  const format = new Intl.RelativeTimeFormat(t().locale, { numeric: "auto", style: "short" });
  return format.format(Math.ceil(seconds / size), unit);
}

export function moment(time: string): string {
  return new Intl.DateTimeFormat(t().locale, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(time));
}

export function size(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const digits = power === 0 ? 0 : 1;
  const format = { style: "unit", unit: units[power] ?? "byte", unitDisplay: "short", maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(t().locale, format).format(bytes / 1000 ** power);
}
