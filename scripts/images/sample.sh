#!/bin/bash
# sample.sh: have the engine hold lci-sample/busybox:1, the image of the demo. A busybox:1 that the engine holds or
# can pull soon is taken; a machine without a registry gets the static busybox.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/base.sh"
. "$ROOT/scripts/lib/python.sh"
. "$ROOT/scripts/lib/docker.sh"
TAG=lci-sample/busybox:1
PULL_SECONDS=20

docker_sdk() { timeout "$PULL_SECONDS" "$VENV/bin/python" -I -c "import docker; images = docker.from_env().images; $1" 2>/dev/null; }

environment_ready requirements.lock
engine_ready
docker_sdk "images.get('$TAG')" && exit
say "preparing the image of the demo, $TAG"
tag="images.get('busybox:1').tag('$TAG')"
docker_sdk "$tag" || docker_sdk "images.pull('busybox:1'); $tag" || exec "$ROOT/scripts/images/busybox.sh" "$TAG"
