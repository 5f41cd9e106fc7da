/** Server-sent events of a response, read as they come. No Svelte in here. */

export interface SentEvent {
  event: string;
  data: string;
}

/** Yield each event; a comment, which says no more than that the other end is there, as one without data. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<SentEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let held = "";
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const blocks = (held + read.value).split("\n\n");
      held = blocks.pop() ?? "";
      for (const block of blocks) yield eventOf(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function eventOf(block: string): SentEvent {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    else if (line.startsWith("event:")) event = line.slice(6).trim();
  }
  return { event: data.length ? event : "", data: data.join("\n") };
}
