"""What lci must reach, measured: `./scripts/bench`. Printed, never gating."""
