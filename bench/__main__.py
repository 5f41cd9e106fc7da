"""`python -m bench [NAME …] [--json] [--long]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import chain
from typing import Final

from bench import ending, flood, kills, log, push, restart, sign_in, start, viewers, web, webhook
from bench.figures import Bench, Figure, as_json, table
from bench.proxy import fairness, inside, latency, memory, requests, slow_heads, switching, transfers
from bench.proxy import restart as proxy_restart

# Of the machine's cores; with more at work, the bench shares them.
BUSY_SHARE: Final = 0.5
# In the order in which they are shown. A name stands for those that continue it after a dot, too.
BENCHES: Final[dict[str, Bench]] = {
    "push": push.measure,
    "flood": flood.measure,
    "start": start.measure,
    "webhook": webhook.measure,
    "cancel": ending.measure_cancel,
    "stop": ending.measure_stop,
    "restart": restart.measure,
    "viewers": viewers.measure,
    "kills": kills.measure,
    "log": log.measure,
    "sign-in": sign_in.measure,
    "web.load": web.measure_load,
    "web.log": web.measure_log,
    "web.flood": web.measure_flood,
    "web.cuts": web.measure_cuts,
    "proxy.requests": requests.measure,
    "proxy.inside": inside.measure,
    "proxy.connections": requests.measure_new_connections,
    "proxy.latency": latency.measure,
    "proxy.transfers": transfers.measure,
    "proxy.memory": memory.measure,
    "proxy.slow-heads": slow_heads.measure,
    "proxy.fairness": fairness.measure,
    "proxy.switching": switching.measure,
    "proxy.restart": proxy_restart.measure,
}


def main() -> int:
    said = {name: (bench.__doc__ or "").strip().split("\n")[0] for name, bench in BENCHES.items()}
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measure what lci must reach. A missed goal bears a '!'; the exit status stays 0.",
        epilog="\n".join(f"{name:<20} {what}" for name, what in said.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="one of those below; all of them where none is given")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure instead of the table")
    parser.add_argument("--long", action="store_true", help="switch versions 1,000 times instead of 200")
    options = parser.parse_args()
    chosen = {name: _meant_by(name) for name in options.names} or {"": list(BENCHES)}
    for name, meant in chosen.items():
        if not meant:
            parser.error(f"there is no bench {name!r}; there are: {', '.join(BENCHES)}")
    if os.getloadavg()[0] > BUSY_SHARE * (os.cpu_count() or 1):
        sys.stderr.write(f"bench: this machine is busy already ({os.getloadavg()[0]:.1f} run): figures will be worse\n")
    benches = {**BENCHES, "proxy.switching": switching.measure_long} if options.long else BENCHES
    results: list[tuple[str, Figure]] = []
    for name in chain.from_iterable(chosen.values()):
        sys.stderr.write(f"bench {name}: {said[name]}\n")
        results += [(name, figure) for figure in benches[name]()]
    sys.stdout.write(as_json(results) if options.json else table(results))
    return 0


def _meant_by(name: str) -> Sequence[str]:
    return [each for each in BENCHES if each == name or each.startswith(f"{name}.")]


if __name__ == "__main__":
    sys.exit(main())
