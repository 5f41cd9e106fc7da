/** Make that nothing but `element` and what it holds can be reached, until the returned function is called. */
export function isolate(element: HTMLElement): () => void {
  const made: HTMLElement[] = [];
  for (let at = element; at !== document.body && at.parentElement; at = at.parentElement) {
    for (const other of at.parentElement.children) {
      // What is said in passing is heard all the same.
      if (other === at || !(other instanceof HTMLElement) || other.inert || other.role === "status") continue;
      other.inert = true;
      made.push(other);
    }
  }
  return () => {
    for (const other of made) other.inert = false;
  };
}
