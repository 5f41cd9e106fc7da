#!/bin/bash
# busybox.sh [TAG]: have the engine hold TAG (default lci-test/busybox:1), made from a static busybox of this
# machine or of Debian's package, never from a registry.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/base.sh"
. "$ROOT/scripts/lib/python.sh"
. "$ROOT/scripts/lib/docker.sh"
tag=${1:-lci-test/busybox:1}

image() { "$VENV/bin/python" -I "$ROOT/scripts/images/import_busybox.py" "$@"; }

# The package is unpacked, not installed: the busybox of this machine stays as it is.
unpack_package() {
    have dpkg-deb || die "no static busybox here: install one (on Debian and Ubuntu: busybox-static) and repeat"
    say "unpacking Debian's busybox-static"
    chmod 755 . # apt downloads as a user of its own
    download() { apt-get -qq download busybox-static >/dev/null; }
    download 2>/dev/null || { apt_get update && download; } ||
        die "apt-get could not download busybox-static: run 'sudo apt-get update', or install busybox-static"
    dpkg-deb -x busybox-static_*.deb .
    # In bin or in usr/bin, as the release has it.
    busybox=$(find "$PWD" -name busybox -type f -perm -u+x | head -n 1)
}

environment_ready requirements.lock
engine_ready
image has "$tag" && exit
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
busybox=$(command -v busybox || true)
if [ -z "$busybox" ] || ! image static "$busybox"; then
    unpack_package
fi
say "making the image $tag"
image import "$busybox" "$tag"
