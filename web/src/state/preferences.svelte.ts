/** What one chose for this browser: theme, language, how logs are shown. */

export type Theme = "system" | "light" | "dark";
export type Language = "en" | "ko";
export type Times = "off" | "clock" | "since";

const KEY = "lci.preferences";

interface Kept {
  theme: Theme;
  language: Language;
  times: Times;
  wrap: boolean;
  shortcuts: boolean;
}

const system: Language = navigator.language.startsWith("ko") ? "ko" : "en";
const defaults: Kept = { theme: "system", language: system, times: "off", wrap: false, shortcuts: true };

class Preferences {
  kept = $state<Kept>({ ...defaults, ...stored() });

  set<K extends keyof Kept>(name: K, value: Kept[K]): void {
    this.kept[name] = value;
    localStorage.setItem(KEY, JSON.stringify(this.kept));
    this.show();
  }

  show(): void {
    const root = document.documentElement;
    root.lang = this.kept.language;
    if (this.kept.theme === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = this.kept.theme;
  }
}

function stored(): Partial<Kept> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Kept>;
  } catch {
    return {};
  }
}

export const preferences = new Preferences();
