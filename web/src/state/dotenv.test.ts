import { expect, test } from "vitest";
import { parseDotenv } from "./dotenv.ts";

// The same as in tests/core/test_dotenv.py: both read alike.
test.each([
  ["", {}],
  ["# only a comment\n\n   \n", {}],
  ["A=1\nB=two words\n", { A: "1", B: "two words" }],
  ["export A=1", { A: "1" }],
  ["  A = 1  ", { A: "1" }],
  ["A=", { A: "" }],
  ["A=b=c", { A: "b=c" }],
  ["A=x # why\nB=x#y\nC=# all\n", { A: "x", B: "x#y", C: "" }],
  ["A='$HOME # kept \\n'", { A: "$HOME # kept \\n" }],
  ['A="one\\ntwo \\"quoted\\" \\\\ $HOME" # why', { A: 'one\ntwo "quoted" \\ $HOME' }],
  ['A="-----BEGIN KEY-----\nabc\n-----END KEY-----"\nB=1', { A: "-----BEGIN KEY-----\nabc\n-----END KEY-----", B: "1" }],
  ["A=1\r\nB='2'\r\n", { A: "1", B: "2" }],
  ["\ufeffA=1", { A: "1" }],
  ["A=1\nA=2", { A: "2" }],
])("%j is read as it is written", (text, values) => expect(parseDotenv(text)).toEqual({ values, fault: null }));

test.each([
  ["A=1\nno variable", { kind: "line", line: 2, name: "" }],
  ["1A=x", { kind: "line", line: 1, name: "" }],
  ["A=1\n\nB='open\nmore", { kind: "open", line: 3, name: "B" }],
  ['A="x" y', { kind: "behind", line: 1, name: "A" }],
])("%j is told with its line and without the value", (text, fault) => expect(parseDotenv(text)).toEqual({ values: null, fault }));
