import { expect, test } from "vitest";
import { chosenBy, clicked, hashOf } from "./chosen.ts";

test("an address names a line or some of them, in either order", () => {
  expect(chosenBy("#L120")).toEqual({ first: 120, last: 120 });
  expect(chosenBy("#L120-L140")).toEqual({ first: 120, last: 140 });
  expect(chosenBy("#L140-120")).toEqual({ first: 120, last: 140 });
  for (const hash of ["", "#", "#L0", "#Lx", "#L1-", "#L-1", "#main"]) expect(chosenBy(hash)).toBeNull();
  expect(hashOf({ first: 3, last: 3 })).toBe("#L3");
  expect(chosenBy(hashOf({ first: 3, last: 9 }))).toEqual({ first: 3, last: 9 });
});

test("Shift extends what was chosen before", () => {
  expect(clicked(5, null, true)).toEqual({ first: 5, last: 5 });
  expect(clicked(9, { first: 5, last: 5 }, true)).toEqual({ first: 5, last: 9 });
  expect(clicked(2, { first: 5, last: 7 }, true)).toEqual({ first: 2, last: 7 });
  expect(clicked(2, { first: 5, last: 7 }, false)).toEqual({ first: 2, last: 2 });
});
