/** Mark what a search found in the rows that are rendered, without touching their nodes: selections survive. */

const NAME = "lci-found";

export function highlight(root: HTMLElement, query: string, regex: boolean): void {
  if (!("highlights" in CSS)) return;
  CSS.highlights.delete(NAME);
  const pattern = query && patternOf(query, regex);
  if (!pattern) return;
  const ranges: Range[] = [];
  for (const line of root.querySelectorAll(".text")) ranges.push(...rangesIn(line, pattern));
  if (ranges.length) CSS.highlights.set(NAME, new Highlight(...ranges));
}

/** As lci searches: small letters find either case, others only themselves. */
function patternOf(query: string, regex: boolean): RegExp | null {
  try {
    const source = regex ? query : query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(source, !regex && query === query.toLowerCase() ? "gi" : "g");
  } catch {
    return null;
  }
}

function rangesIn(line: Element, pattern: RegExp): Range[] {
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  const nodes: { node: Text; start: number }[] = [];
  let text = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    nodes.push({ node: node as Text, start: text.length });
    text += (node as Text).data;
  }
  const ranges: Range[] = [];
  for (const match of text.matchAll(pattern)) {
    if (!match[0]) continue;
    const range = new Range();
    range.setStart(...placeAt(nodes, match.index));
    range.setEnd(...placeAt(nodes, match.index + match[0].length - 1, 1));
    ranges.push(range);
  }
  return ranges;
}

function placeAt(nodes: { node: Text; start: number }[], at: number, beyond = 0): [Text, number] {
  const found = nodes.findLast(({ start, node }) => start <= at && node.data.length > 0) ?? nodes[0];
  if (!found) throw new RangeError("a match outside of its text");
  return [found.node, at - found.start + beyond];
}
