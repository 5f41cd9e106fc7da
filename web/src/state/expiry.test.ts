import { expect, test } from "vitest";
import { expiryOf } from "./expiry.ts";

const NOW = Date.parse("2026-01-31T12:00:00Z");

test.each([
  ["month", "2026-03-02T12:00:00.000Z"],
  ["quarter", "2026-05-01T12:00:00.000Z"],
  ["year", "2027-01-31T12:00:00.000Z"],
  ["never", null],
] as const)("%s", (choice, expected) => expect(expiryOf(choice, NOW)).toBe(expected));
