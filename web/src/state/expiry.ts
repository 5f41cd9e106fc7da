/** When a token that is made now expires. Pure. */

export const EXPIRIES = ["month", "quarter", "year", "never"] as const;
export type Expiry = (typeof EXPIRIES)[number];

const DAY = 86_400_000;
const DAYS: Record<Exclude<Expiry, "never">, number> = { month: 30, quarter: 90, year: 365 };

/** @param now milliseconds since 1970. Returns RFC 3339; null for never. */
export function expiryOf(choice: Expiry, now: number): string | null {
  return choice === "never" ? null : new Date(now + DAYS[choice] * DAY).toISOString();
}
