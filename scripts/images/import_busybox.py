"""An image's root file system of one static busybox.

has TAG: exit 0 if the engine holds TAG as this file makes it · static FILE: exit 0 if FILE is a static executable ·
import FILE TAG: make TAG of the busybox FILE.
"""

import io
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path

import docker
from docker.errors import ImageNotFound

LABEL = "lci.busybox"
RECIPE = sha256(Path(__file__).read_bytes()).hexdigest()
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n"  # noqa: S105 no password in it
GROUP = "root:x:0:\nnogroup:x:65534:\n"
DIRECTORIES = ("bin", "dev", "etc", "proc", "root", "sys", "var", "var/www")


def is_static(executable: Path) -> bool:
    """Whether FILE names no dynamic loader (a 64-bit little-endian ELF's PT_INTERP); raises OSError."""
    data = executable.read_bytes()
    if data[:5] != b"\x7fELF\x02":
        return False
    start = int.from_bytes(data[32:40], "little")
    size, count = (int.from_bytes(data[at : at + 2], "little") for at in (54, 56))
    kinds = {int.from_bytes(data[start + size * n :][:4], "little") for n in range(count)}
    return 3 not in kinds


def root_file_system(busybox: bytes, applets: list[str]) -> bytes:
    """A tar with every applet linked to /bin/busybox; the same input gives the same bytes."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:

        def add(name: str, kind: bytes, mode: int, data: bytes = b"", link: str = "") -> None:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(data), link
            tar.addfile(entry, io.BytesIO(data))

        for directory in DIRECTORIES:
            add(directory, tarfile.DIRTYPE, 0o755)
        add("tmp", tarfile.DIRTYPE, 0o1777)
        add("etc/passwd", tarfile.REGTYPE, 0o644, PASSWD.encode())
        add("etc/group", tarfile.REGTYPE, 0o644, GROUP.encode())
        add("bin/busybox", tarfile.REGTYPE, 0o755, busybox)
        for applet in applets:
            add(f"bin/{applet}", tarfile.SYMTYPE, 0o777, link="busybox")
    return target.getvalue()


def has(tag: str) -> bool:
    """Whether the engine's TAG was made here, by this very recipe."""
    try:
        return docker.from_env().images.get(tag).labels.get(LABEL) == RECIPE
    except ImageNotFound:
        return False


def make(executable: Path, tag: str) -> None:
    """Make TAG of the busybox EXECUTABLE; raises docker.errors.DockerException."""
    applets = subprocess.run([executable, "--list"], check=True, capture_output=True, text=True).stdout.split()
    repository, _, version = tag.rpartition(":")
    client = docker.from_env()
    client.api.import_image_from_data(
        root_file_system(executable.read_bytes(), sorted(set(applets) - {"busybox"})),
        repository=repository,
        tag=version,
        changes=["ENV PATH=/bin", 'CMD ["sh"]', f"LABEL {LABEL}={RECIPE}"],
    )
    client.images.get(tag)  # an import's failure is a line of its answer, not an exception


match sys.argv[1:]:
    case ["has", tag]:
        sys.exit(0 if has(tag) else 1)
    case ["static", file]:
        sys.exit(0 if is_static(Path(file)) else 1)
    case ["import", file, tag]:
        make(Path(file), tag)
    case _:
        sys.exit(__doc__)
