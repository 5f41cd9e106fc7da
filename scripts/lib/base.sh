# shellcheck shell=bash
# Sourced first by every script here: where the repository is, how to speak, how to become root.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # for those who source this
VENV=$ROOT/.venv

# Standard output belongs to the program that is started in the end.
say() { printf 'lci: %s\n' "$*" >&2; }
die() {
    say "$@"
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# may_root: root, or sudo that asks for no password.
may_root() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

may_apt() { have apt-get && may_root; }

# apt_get ARGUMENT...: silent but for errors, never asking, and patient with another apt that holds the lock.
apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >/dev/null; }

# apt_install PACKAGE...: the index is fetched only where the packages are not found without (a fresh image has none).
apt_install() {
    say "installing $* (apt-get)"
    apt_get install -y --no-install-recommends "$@" 2>/dev/null ||
        { apt_get update && apt_get install -y --no-install-recommends "$@"; }
}
