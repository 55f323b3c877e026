"""Standard output, which nothing else writes: human text, or with `--json` one compact record a line and no text."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from saxtui.cli.style import Piece, Style
from saxtui.errors import Problem


class OutputClosed(Exception):
    """Whoever read standard output has gone; a command that only prints ends here, quietly."""


class Output:
    """`as_json` turns text off and records on; `prose` takes the text lines then (it writes to stderr)."""

    def __init__(self, environ: Mapping[str, str], prose: Callable[..., None]) -> None:
        self.as_json = False
        self.must_go_on = False
        self._prose = prose
        self._closed = False
        self.style = Style.of(sys.stdout, environ)

    @property
    def live(self) -> bool:
        """Whether a table that redraws itself makes sense here."""
        return not self.as_json and sys.stdout.isatty() and self.style.unicode

    def record(self, kind: str, /, **fields: Any) -> None:
        """With `--json`: one line, `type` first. Nothing otherwise."""
        self.emit({"type": kind, **fields})

    def emit(self, record: Mapping[str, Any]) -> None:
        """With `--json`: the record as one line of ASCII. Nothing otherwise."""
        if self.as_json:
            self._write(json.dumps(record, separators=(",", ":"), allow_nan=False, default=_plain))

    def failure(self, problem: Problem, exit_code: int) -> None:
        """With `--json`: the record of one failure."""
        with suppress(OutputClosed):
            self.record("error", exit_code=exit_code, problem=dataclasses.asdict(problem))

    def line(self, *pieces: Piece) -> None:
        """A line for people."""
        if self.as_json:
            self._prose(*pieces)
        else:
            self._write(self.style.line(pieces))

    def part(self, text: str) -> None:
        """A part of a line for people, as it comes; nothing with `--json`."""
        if not self.as_json:
            self._write(text, end="")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Piece]]) -> None:
        """Columns for people; with `--json` nothing, because the records say the same."""
        if not self.as_json:
            for line in self.style.columns([[(word, "head") for word in header], *rows]):
                self._write(self.style.line(line))

    @contextmanager
    def redrawn(self) -> Iterator[Callable[[Sequence[Sequence[Piece]]], None]]:
        """A block that redraws itself in place; call what it yields with the new lines. Only where `live`."""
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
        with Live(console=console, auto_refresh=False, transient=False) as shown:

            def update(rows: Sequence[Sequence[Piece]]) -> None:
                lines = [Text.from_ansi(self.style.line(row)) for row in rows]
                for line in lines:
                    line.no_wrap, line.overflow = True, "ellipsis"
                    line.truncate(console.width, overflow="ellipsis")
                shown.update(Text("\n").join(lines), refresh=True)

            yield update

    def _write(self, text: str, end: str = "\n") -> None:
        if self._closed:
            return
        try:
            sys.stdout.write(text + end)
            sys.stdout.flush()
        except BrokenPipeError:
            self._closed = True
            _point_nowhere()
            if not self.must_go_on:
                raise OutputClosed from None


def _point_nowhere() -> None:
    """Let the interpreter's last flush succeed: what was read from us has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
