import { expect, test } from "vitest";
import { columnsOf } from "./width.ts";

test.each([
  ["", 0],
  ["plain text", 10],
  ["a\tb", 9],
  ["12345678\tb", 17],
  ["빌드 성공", 9],
  ["완료 ✓ 🎉", 11],
])("%j takes %i columns", (text, columns) => expect(columnsOf(text)).toBe(columns));
