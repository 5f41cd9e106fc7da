/** Where a repository is seen in a browser. Pure. */

/** A repository's address on the GitHub at `github`; null where it is elsewhere. */
export function webAddress(repo: string, github: string): string | null {
  const host = URL.canParse(github) ? new URL(github).host : "";
  if (!host) return null;
  const path = /^[\w.-]+\/[\w.-]+$/.test(repo) ? repo : pathOn(host, repo);
  return path && `${github.replace(/\/+$/, "")}/${path.replace(/\.git$/, "").replace(/\/+$/, "")}`;
}

function pathOn(host: string, repo: string): string | null {
  const [, scpHost, scpPath] = /^[\w.-]+@([^:/]+):(?!\/\/)(.+)$/.exec(repo) ?? [];
  if (scpHost) return scpHost === host ? (scpPath ?? null) : null;
  if (!URL.canParse(repo)) return null;
  const url = new URL(repo);
  return url.host === host && /^(https?|ssh|git):$/.test(url.protocol) ? url.pathname.slice(1) : null;
}

/** Where a pull request is shown; null where that is nowhere. */
export function pullRequestAddress(repo: string, github: string, number: number | null): string | null {
  const address = webAddress(repo, github);
  return address && number ? `${address}/pull/${number}` : null;
}

/** Where what changed between two commits is shown; null where that is nowhere. */
export function compareAddress(repo: string, github: string, from: string | null | undefined, to: string | null): string | null {
  const address = webAddress(repo, github);
  return address && from && to && from !== to ? `${address}/compare/${from}...${to}` : null;
}
