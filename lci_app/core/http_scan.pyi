"""What `http_scan.c` is to Python; it is compiled where there is a C compiler."""

from collections.abc import Sequence

# Size, method, target, host, plain lines, names and values of marked lines, length, chunked, keep-alive.
ScannedRequest = tuple[int, str, str, str, bytes, Sequence[bytes], int, bool, bool]
# Size, status, status line, and then as above; the length is None where none is told.
ScannedResponse = tuple[int, int, bytes, bytes, Sequence[bytes], int | None, bool, bool]

class Scanner:
    """Reads the head that a buffer begins with by the rules of `http_head`; says None where it is no plain one.

    `marked` is what `http_fields.marked_names` returns. Raises ValueError where there is no room for so much.
    """

    def __init__(
        self,
        methods: tuple[str, ...],
        marked: dict[bytes, tuple[bytes, ...]],
        max_head: int,
        max_target: int,
        max_fields: int,
    ) -> None: ...
    def request(self, buffer: bytes) -> ScannedRequest | None: ...
    def response(self, buffer: bytes) -> ScannedResponse | None: ...
