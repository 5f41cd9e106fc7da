"""What builds may not reach, as rules for the host's packet filter. Pure.

A build needs the public internet and a name server, and nothing else. Every rule speaks of packets that come in by a
bridge of this instance's builds: nobody else's traffic is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

# Where clouds tell a machine its own credentials (169.254.169.254, and others of the same block).
LINK_LOCAL: Final = "169.254.0.0/16"
# What is not of the public internet (IANA's registry of special-purpose addresses, RFC 6890), and multicast.
_NOT_PUBLIC: Final = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
)
# A refused connection fails at once and says so; a dropped one would hold up a build until it gives up.
_REFUSE: Final = "REJECT --reject-with icmp-admin-prohibited"
_REFUSE_6: Final = "REJECT --reject-with icmp6-adm-prohibited"


@dataclass(frozen=True, slots=True)
class Walls:
    """One instance's rules. `chain` begins the names of its own chains; `bridges` fits its builds' alone ("lcib…-+").

    `name_servers` are the host's: the engine asks them in the name of the container that wants to know.
    """

    chain: str
    bridges: str
    name_servers: Sequence[IPv4Address]
    allowed: Sequence[IPv4Network]

    @property
    def forward(self) -> str:
        """The chain for what goes through the host."""
        return f"{self.chain}-FORWARD"

    @property
    def input(self) -> str:
        """The chain for what goes to the host itself."""
        return f"{self.chain}-INPUT"

    def rules_4(self) -> str:
        """Return both chains as `iptables-restore --noflush` takes them: set in one go, whatever they held."""
        past = [
            # One that clouds put at the metadata address answers names there, and on that port nothing else.
            *(f"-d {server} -p {p} --dport 53 -j RETURN" for server in self.name_servers for p in ("udp", "tcp")),
            # Nobody allows that by allowing a larger network.
            f"-d {LINK_LOCAL} -j {_REFUSE}",
            *(f"-d {network} -j RETURN" for network in self.allowed),
        ]
        through = [*past, *(f"-d {network} -j {_REFUSE}" for network in _NOT_PUBLIC)]
        return self._restore(through, [*past, f"-j {_REFUSE}"])

    def rules_6(self) -> str:
        """Return the same for IPv6, of which the builds' networks have none: nothing passes."""
        return self._restore([f"-j {_REFUSE_6}"], [f"-j {_REFUSE_6}"])

    def _restore(self, through: Sequence[str], to_host: Sequence[str]) -> str:
        chains = {self.forward: through, self.input: to_host}
        lines = [
            "*filter",
            *(f":{chain} - [0:0]" for chain in chains),
            *(f"-A {chain} {rule}" for chain, rules in chains.items() for rule in rules),
            "COMMIT",
        ]
        return "\n".join(lines) + "\n"
