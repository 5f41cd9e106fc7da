/** What went wrong after it was clear where one is to be brought: the page there shows it. */

import type { ApiError } from "../link/api.ts";

let held: { address: string; error: ApiError } | null = null;

/** Have an error shown at an address that is gone to now. */
export function carry(address: string, error: ApiError): void {
  held = { address, error };
}

/** The error that was brought to an address; told once. */
export function carriedTo(address: string): ApiError | null {
  const error = held?.address === address ? held.error : null;
  held = null;
  return error;
}
