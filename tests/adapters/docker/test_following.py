from __future__ import annotations

import base64

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from lci_app.adapters.docker.follow import LINE_LIMIT, LineDecoder, lines_of
from lci_app.core.masking import Mask
from lci_app.interfaces import Engine
from tests.docker_fixtures import SpecMaker


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")), st.data())
def test_lines_are_the_same_wherever_the_bytes_are_cut(text: str, data: st.DataObject) -> None:
    written = "\n".join([text, "größer 𝄞", "", text, "last"]).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=5)))
    decoder = LineDecoder()
    heard = []
    for begin, end in zip([0, *cuts], [*cuts, len(written)], strict=True):
        heard += decoder.feed(written[begin:end])
    heard += decoder.feed(b"", final=True)
    assert heard == [text, "größer 𝄞", "", text, "last"]


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert lines_of(b"a\xffb\r\ncut \xe2\x82") == ["a\ufffdb", "cut \ufffd"]
    assert lines_of(b"") == []
    assert lines_of(b"\n\n") == ["", ""]


def test_a_line_that_never_ends_comes_in_pieces_and_is_never_held_whole() -> None:
    decoder = LineDecoder()
    heard = []
    for _ in range(100):
        heard += decoder.feed(b"x" * 10_000)
    assert sum(map(len, heard)) > 1_000_000 - LINE_LIMIT - 10_000
    assert max(map(len, heard)) <= LINE_LIMIT
    heard += decoder.feed(b"\n")
    assert "".join(heard) == "x" * 1_000_000


@pytest.mark.docker
async def test_both_streams_of_a_container_are_followed_without_mixing_their_lines(
    engine: Engine, make_spec: SpecMaker
) -> None:
    script = "seq 1 2000 | sed 's/$/ größer/' & seq 1 2000 | sed 's/^/error /' >&2 & wait"
    container_id = await engine.start(make_spec("sh", "-c", script))
    with trio.fail_after(30):
        async with engine.follow(container_id, 10_000) as output:
            heard = [line async for line in output]
    assert [line for line in heard if not line.startswith("error")] == [f"{number} größer" for number in range(1, 2001)]
    assert [line for line in heard if line.startswith("error")] == [f"error {number}" for number in range(1, 2001)]
    assert sorted(await engine.tail(container_id, 10_000)) == sorted(heard)


@pytest.mark.docker
async def test_a_viewer_that_does_not_read_holds_nothing_up_and_is_left_at_once(
    engine: Engine, make_spec: SpecMaker
) -> None:
    container_id = await engine.start(make_spec("yes"))
    with trio.fail_after(20):
        async with engine.follow(container_id, 1) as output:
            assert await anext(output) == "y"
            seen = await engine.inspect(container_id)
            assert seen is not None
            assert seen.running
    await engine.remove(container_id)


@pytest.mark.docker
async def test_a_secret_is_masked_wherever_the_pieces_of_a_long_line_end(engine: Engine, make_spec: SpecMaker) -> None:
    secret = "hunter2-hunter2"
    script = (
        f"head -c {LINE_LIMIT - 4} /dev/zero | tr '\\0' x; echo {secret}; printf 'user:{secret}:{'y' * 60}' | base64"
    )
    container_id = await engine.start(make_spec("sh", "-c", script))
    with trio.fail_after(30):
        async with engine.follow(container_id, 100, Mask([secret])) as output:
            followed = [line async for line in output]
    wrapped = base64.b64encode(f"user:{secret}:{'y' * 60}".encode()).decode()
    for lines in (followed, await engine.tail(container_id, 100, Mask([secret]))):
        assert "".join(lines).startswith("x" * (LINE_LIMIT - 4) + "***")
        assert secret not in "".join(lines)
        assert wrapped[:76] not in lines
        assert wrapped[76:] in lines
