import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api, ApiError } from "./api.ts";

const dropped = new TypeError("Failed to fetch");
let asked = 0;
let answers: (Response | Error)[] = [];
const reached: boolean[] = [];
const api = new Api(
  () => ({}),
  () => undefined,
  (answered) => reached.push(answered),
);

beforeEach(() => {
  asked = 0;
  reached.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    if (answer instanceof Error) throw answer;
    return answer;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a read is asked again while the network comes and goes", async () => {
  answers = [dropped, dropped, dropped, new Response("here")];
  const answer = api.fetch("/api/builds");
  await vi.advanceTimersByTimeAsync(2000);
  expect(await (await answer).text()).toBe("here");
  expect([asked, reached]).toEqual([4, [true]]);
});

test("a read that is never answered is told in the end", async () => {
  answers = [dropped];
  const answer = api.fetch("/api/builds").catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await answer).toMatchObject({ code: "UNREACHABLE" });
  expect([asked, reached]).toEqual([4, [false]]);
});

test("what changes something is asked once", async () => {
  answers = [dropped];
  await expect(api.fetch("/api/projects", { method: "POST" })).rejects.toBeInstanceOf(ApiError);
  expect(asked).toBe(1);
});

test("nobody asks again for who has gone", async () => {
  answers = [new DOMException("gone", "AbortError")];
  await expect(api.fetch("/api/builds")).rejects.toThrow("gone");
  expect([asked, reached]).toEqual([1, []]);
});
