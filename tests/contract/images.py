"""Images for examining: made on the spot from the busybox image, and removed by name afterwards."""

from __future__ import annotations

import io
import subprocess
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker

from tests.whole.service import IMAGE


@contextmanager
def image_with(files: Mapping[str, bytes], *instructions: str, repository: str = "lci-test/examined") -> Iterator[str]:
    """Have the engine hold the busybox image with executable `files` (path: content) and more instructions."""
    tag = f"{repository}:{uuid.uuid4().hex[:12]}"
    recipe = [f"FROM {IMAGE}", *(f'COPY ["{path}", "/{path}"]' for path in files), *instructions]
    engine = docker.from_env()
    try:
        engine.images.build(
            fileobj=_archive({**files, "Dockerfile": "\n".join(recipe).encode()}), custom_context=True, tag=tag, rm=True
        )
        yield tag
    finally:
        engine.images.remove(tag, force=True)
        engine.close()


def bash_files() -> dict[str, bytes]:
    """Return this machine's bash with all that it loads, by path."""
    listed = subprocess.run(["ldd", "/bin/bash"], capture_output=True, text=True, check=True).stdout
    paths = ["/bin/bash", *(word for word in listed.split() if word.startswith("/"))]
    return {path.lstrip("/"): _content(path) for path in paths}


def _content(path: str) -> bytes:
    return Path(path).resolve().read_bytes()


def _archive(files: Mapping[str, bytes]) -> io.BytesIO:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    written.seek(0)
    return written
