/** Stored secrets, in English. */

const s = (n: number, one: string, many: string) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export const secrets = {
  project: "Kept sealed for this project, and never shown again. A build or a container gets those that the settings choose.",
  everywhere: "Every project may choose these. A project's own secret of the same name wins.",
  none: "No secret yet",
  noneLead: "Set one here, paste a whole .env file, or use the command line, which reads the value where nobody sees it:",
  add: "Set a secret",
  name: "Name",
  fingerprint: "Fingerprint",
  fingerprintHelp: "The same as long as the value is the same.",
  setAt: "Set",
  usedBy: "Chosen for",
  build: "build",
  runtime: "runtime",
  nobody: "nothing yet",
  choose: "Choose them in the settings",
  replace: "Replace",
  replaceTitle: (name: string) => `Replace ${name}`,
  saved: (name: string) => `${name} is set. It counts from the next build or deployment.`,
  remove: "Remove",
  removeAsk: (name: string) => `Remove ${name}?`,
  removeWhat: (used: string[]) =>
    used.length
      ? `Its value is gone for good. It is chosen for ${used.join(", ")}: without another secret of this name the next build there fails.`
      : "Its value is gone for good. Nothing has chosen it.",
  removeDo: "Remove for good",
  import: "Import .env",
  importLead: "Paste the file. It is read here in the page; only names and values are sent, and stored sealed: all of them or none.",
  importDo: (n: number) => `Store ${s(n, "secret", "secrets")}`,
  imported: (n: number) => `${s(n, "secret is", "secrets are")} set.`,
  replaces: "replaces",
  isNew: "new",
  leftOut: (names: string[]) => `Left out, for want of a value: ${names.join(", ")}.`,
  faults: {
    line: (line: number) => `Line ${line} is not NAME=value, a comment, or empty.`,
    open: (line: number, name: string) => `Line ${line}: the quote before the value of ${name} is never closed.`,
    behind: (line: number, name: string) => `Line ${line}: something follows the closing quote of ${name}.`,
  },
  rotate: "Change the key",
  rotateLead: "Everything secret is sealed by one key, in the data directory. A new one seals all of it anew and forgets the old; do that when the old one may have been seen, and back the new one up.",
  rotateAsk: "Seal everything by a new key?",
  rotateWhat: "Backups made before keep the old key's values: keep that key with them. Nothing stops meanwhile.",
  rotated: (n: number) => `${s(n, "value is", "values are")} sealed by a new key.`,
  chooseNone: "No secret is stored yet.",
  ofAll: "of every project",
  missing: "not stored: the next build fails",

  field: {
    secret_name: "Name",
    secret_nameHelp: "The environment variable that it becomes: letters, digits and _.",
    secret_value: "Value",
    secret_valueHelp: "Any text, over several lines too.",
    dotenv: "The file's content",
    build_secrets: "Secrets of the build",
    build_secretsHelp: "As in a .env file; stored sealed, never shown again. Without a value: the one that every project may choose.",
    runtime_secrets: "Secrets of the container",
    runtime_secretsHelp: "As in a .env file; stored sealed, never shown again. Without a value: the one that every project may choose.",
  },
};
