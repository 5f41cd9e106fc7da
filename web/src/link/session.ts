/**
 * On whose behalf this page asks: a person, whose session is a cookie that no script can read, or an API token, kept in
 * this tab, or on this computer where that was asked.
 */

const KEY = "lci.token";

export class Session {
  private held: string | null;
  /** What a page must say beside its session's cookie to change something. */
  private csrf: string | null = null;

  constructor(
    private readonly tab: Storage,
    private readonly computer: Storage,
  ) {
    this.held = tab.getItem(KEY) ?? computer.getItem(KEY);
  }

  get token(): string | null {
    return this.held;
  }

  /** Whether a person is signed in, and no token. */
  get personal(): boolean {
    return this.csrf !== null;
  }

  signIn(token: string, stay: boolean): void {
    this.signOut();
    this.held = token;
    (stay ? this.computer : this.tab).setItem(KEY, token);
  }

  /** A person's session began, in its cookie. */
  begin(csrf: string): void {
    this.signOut();
    this.csrf = csrf;
  }

  signOut(): void {
    this.held = null;
    this.csrf = null;
    this.tab.removeItem(KEY);
    this.computer.removeItem(KEY);
  }

  headers(): Record<string, string> {
    if (this.held) return { Authorization: `Bearer ${this.held}` };
    return this.csrf ? { "X-CSRF-Token": this.csrf } : {};
  }

  /** What a WebSocket handshake offers: a page can set no header but this one. */
  protocols(): string[] {
    return this.held ? ["lci", `lci.token.${this.held}`] : ["lci"];
  }
}
