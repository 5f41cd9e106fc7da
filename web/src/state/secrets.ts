/** The stored secrets of one project, or those that every project may choose. Values go in, and never come out. */

import type { SecretDocument } from "../wire/generated.ts";
import { api } from "./app.svelte.ts";

export interface SecretStore {
  all(): Promise<SecretDocument[]>;
  set(name: string, value: string): Promise<void>;
  /** All of them or none. */
  setAll(values: Record<string, string>): Promise<void>;
  remove(name: string): Promise<void>;
}

export function ownSecrets(project: number): SecretStore {
  const path = { project };
  return {
    all: async () => (await api.call("GET /api/projects/{project}/secrets", { path })).secrets,
    set: async (name, value) => {
      await api.call("PUT /api/projects/{project}/secrets/{name}", { path: { project, name }, body: { value } });
    },
    setAll: async (values) => {
      await api.call("PUT /api/projects/{project}/secrets", { path, body: { values } });
    },
    remove: async (name) => {
      await api.call("DELETE /api/projects/{project}/secrets/{name}", { path: { project, name } });
    },
  };
}

export const commonSecrets: SecretStore = {
  all: async () => (await api.call("GET /api/secrets")).secrets,
  set: async (name, value) => {
    await api.call("PUT /api/secrets/{name}", { path: { name }, body: { value } });
  },
  setAll: async (values) => {
    await api.call("PUT /api/secrets", { body: { values } });
  },
  remove: async (name) => {
    await api.call("DELETE /api/secrets/{name}", { path: { name } });
  },
};
