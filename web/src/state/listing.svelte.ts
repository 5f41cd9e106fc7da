/** A list of the API that is asked for in pages. */

import type { ApiError } from "../link/api.ts";
import { asError } from "./app.svelte.ts";

interface Slice<T> {
  total: number;
  items: T[];
}

export class Listing<T> {
  items = $state.raw<T[]>([]);
  /** How many there are; -1 until that is known. */
  total = $state(-1);
  error = $state.raw<ApiError | null>(null);

  /** @param ask returns what comes after the entries that are there already. */
  constructor(private readonly ask: (had: readonly T[]) => Promise<Slice<T>>) {}

  /** Ask from the beginning. */
  load = (): Promise<void> => this.after([]);

  more = (): Promise<void> => this.after(this.items);

  private async after(had: T[]): Promise<void> {
    try {
      const { total, items } = await this.ask(had);
      this.items = [...had, ...items];
      this.total = total;
      this.error = null;
    } catch (thrown) {
      this.error = asError(thrown);
    }
  }
}
