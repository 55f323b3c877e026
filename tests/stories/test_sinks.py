"""Hostile lines through the gate and every sink, in a real terminal: nothing comes out that plain words do not bring.

The gate sends some through two sinks; `long` 20,000 through each (or SINK_LINES): half of a grammar of attacks, half
random.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.stories.sinks import BATCH, SINKS, WRITERS, lines
from tests.stories.terminal import ROOT, Terminal, sequences

ALL = int(os.environ.get("SINK_LINES", "20000"))
FEW = 10 * BATCH
SPAN = 4000
"""Lines for one life of the program: Textual takes longer and longer with each toast that there ever was."""
QUICK = ("content", "line")


def stream(folder: Path, room: str, kind: str, count: int, sink: str, part: int = 0) -> bytes:
    """All that the program writes on a terminal that is big enough to show each batch whole."""
    folder.mkdir()
    environ = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    environ["SAXTUI_STATE"] = str(folder)
    argv = [sys.executable, "-m", "tests.stories.sinks", str(folder), room, kind, str(count), str(part), sink]
    terminal = Terminal(argv, environ, size=(240, 120))
    try:
        assert terminal.end(3000) == 0, terminal.seen[-3000:]
    finally:
        terminal.close()
    assert room == "cli" or (folder / "fed").exists(), terminal.seen[-3000:]
    return terminal.seen


def nothing_new(tmp_path: Path, room: str, sink: str, count: int) -> None:
    plain = stream(tmp_path / "plain", room, "plain", 4 * BATCH, sink)
    usual = sequences(plain)
    for part, start in enumerate(range(0, count, SPAN)):
        many = min(SPAN, count - start)
        attacked = stream(tmp_path / f"hostile-{part}", room, "hostile", many, sink, part)
        assert sequences(attacked) - usual == set(), sink
        marks = attacked.count("␛".encode()) + attacked.count(b"\\u241b")
        fed = sum(text.count("␛") for text in lines("hostile", many, part))
        assert marks > 0.8 * fed, f"not every attack is seen in {sink}: {marks} marks of {fed}"


def counts(names: tuple[str, ...]) -> list[object]:
    quick = [(name, FEW) for name in names if name in QUICK]
    return [*quick, *(pytest.param(name, ALL, marks=pytest.mark.long) for name in names)]


@pytest.mark.timeout(3000)
@pytest.mark.parametrize(("sink", "count"), counts(SINKS))
def test_every_sink_of_the_console(tmp_path: Path, sink: str, count: int) -> None:
    nothing_new(tmp_path, "console", sink, count)


@pytest.mark.timeout(3000)
@pytest.mark.parametrize(("writer", "count"), counts(WRITERS))
def test_every_sink_of_the_command_line(tmp_path: Path, writer: str, count: int) -> None:
    nothing_new(tmp_path, "cli", writer, count)


_WIDGETS = re.compile(r"from textual\.widgets import (\([^)]*\)|[^\n(]+)")


def test_no_other_widget_of_textual_is_used() -> None:
    used: set[str] = set()
    for path in (ROOT / "saxtui" / "console").rglob("*.py"):
        for names in _WIDGETS.findall(path.read_text(encoding="utf-8")):
            used |= set(re.findall(r"\w+", names))
    assert used == {"Static", "Label", "Button", "Input", "TextArea", "Select", "ContentSwitcher"}, (
        "add the new sink to tests/stories/sinks.py"
    )


_WRITES = re.compile(r"stdout\.write|stderr\.write|(?<![\w.])print\(")


def test_nothing_but_output_and_diagnostics_writes() -> None:
    """`print`, sys.stdout and sys.stderr have one owner each."""
    owners = {"output.py", "diagnostics.py", "style.py", "parting.py", "driver.py"}
    found = set()
    for folder in ("cli", "console", "engine", "present", "model"):
        for path in (ROOT / "saxtui" / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if path.name not in owners and _WRITES.search(text):
                found.add(str(path.relative_to(ROOT)))
    assert found == set()
