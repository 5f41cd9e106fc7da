import { expect, test } from "vitest";
import { eventsOf } from "./sse.ts";

function inParts(...parts: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(encoder.encode(part));
      controller.close();
    },
  });
}

test("events are read wherever the network cut them", async () => {
  const events = [];
  for await (const event of eventsOf(inParts(": \n", "\ndata: {\"te", "xt\":\"a\"}\n\ndata: one\ndata: two\n", "\nevent: complete\ndata: {}\n\ndata: torn"))) events.push(event);
  expect(events).toEqual([
    { event: "", data: "" },
    { event: "message", data: '{"text":"a"}' },
    { event: "message", data: "one\ntwo" },
    { event: "complete", data: "{}" },
  ]);
});
