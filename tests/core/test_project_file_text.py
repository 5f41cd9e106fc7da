"""A project file that is written out is read as what was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.project_file import FilePart, parse_repository_file
from lci_app.core.project_file_text import project_file_text

COMMANDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ['a "b" \\;\nc', '"""\n"""', "\n", "\r\n", "\\\n", "\x7f\x00"]
)


@given(command=COMMANDS, port=st.integers(1, 65535), arguments=st.lists(COMMANDS, min_size=1, max_size=3))
def test_what_is_written_is_read_again(command: str, port: int, arguments: list[str]) -> None:
    text = project_file_text(
        [
            ("path_filter", "api/**", "only what lies there"),
            ("build_command", command, "it says so"),
            ("runtime_port", port, "it listens"),
            ("runtime_command", arguments, "it starts"),
        ]
    )
    read = parse_repository_file(text)
    assert isinstance(read, FilePart), text
    assert read.values == {
        "path_filter": "api/**",
        "build_command": command,
        "runtime_port": port,
        "runtime_command": tuple(arguments),
    }


def test_each_setting_has_its_reason_above_it_under_its_table() -> None:
    text = project_file_text([("runtime_port", 80, "nginx listens there."), ("build_command", "npm ci\nmake", "So.")])
    assert text == '[build]\n# So.\ncommand = """\nnpm ci\nmake"""\n\n[deploy]\n# nginx listens there.\nport = 80\n'
