"""Standard error and exit codes: every failure ends here as one block that says what, where, and the way out."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from saxtui.cli.style import Piece, Style
from saxtui.errors import ExitCode, Problem
from saxtui.model.text import safe
from saxtui.present import problems


class Diagnostics:
    """`at_stake` names the deployment whose run may have left something that bills, "" while none has begun."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.at_stake = ""
        self.style = Style.of(sys.stderr, environ)

    def note(self, *pieces: Piece) -> None:
        """A line for people."""
        try:
            sys.stderr.write(self.style.line(pieces) + "\n")
            sys.stderr.flush()
        except OSError:
            return

    def prompt(self, text: str) -> None:
        """What stands before the line that is to be typed."""
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()

    def problem(self, problem: Problem) -> None:
        """One failure as a block."""
        head, *rest = problems.lines(problem)
        self.note(("error: ", "bad"), head.text)
        for line in rest:
            self.note("  ", (f"{line.label:<9}", "dim") if line.label else "", line.text)

    def usage(self, said: str, hint: str = "") -> None:
        """The command line was wrong."""
        self.note(("usage error: ", "bad"), said)
        if hint:
            self.note("  ", hint)

    def crash(self, error: BaseException) -> ExitCode:
        """A fault of saxtui itself: report it without local variables or secrets, and say what may be left."""
        from saxtui.adapters.disk.crash import without_secrets, write_report

        kind = type(error).__name__
        said = safe(without_secrets(str(error), self._environ), 300)
        self.note(("error: ", "bad"), f"saxtui failed unexpectedly: {kind}: {said}")
        try:
            self.note("  ", ("report   ", "dim"), str(write_report(state_dir(self._environ), error, self._environ)))
        except OSError as failure:
            self.note("  ", ("report   ", "dim"), f"could not be written: {failure.strerror or failure}")
        if not self.at_stake:
            self.note("  ", ("next     ", "dim"), "nothing was changed by this command; please report the file above")
            return ExitCode.REFUSED
        self.note("  ", ("billing  ", "dim"), "what was created so far may bill; the journal knows all of it")
        self.note("  ", ("next     ", "dim"), f"run: saxtui status -d {self.at_stake}")
        return ExitCode.BILLABLE

    async def ask(self, lines: Sequence[Sequence[Piece]], typed: str) -> bool:
        """Ask for a word to be typed; True when exactly that came. The end of standard input is a no."""
        for line in lines:
            self.note(*line)
        sys.stderr.write(self.style.line([f"Type {typed} to go on: "]))
        sys.stderr.flush()
        await _readable(sys.stdin)
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            self.note()
        return answer.strip() == typed


async def _readable(stream: TextIO) -> None:
    """Wait on the event loop, not in a read, so that Ctrl-C at the question is heard at once."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        number = stream.fileno()
        loop.add_reader(number, ready.set)
    except (OSError, ValueError):  # a plain file, or no file at all: reading it never waits
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(number)


def state_dir(environ: Mapping[str, str]) -> Path:
    """Where saxtui keeps its files: SAXTUI_STATE, XDG_STATE_HOME/saxtui or the platform's own place."""
    if environ.get("SAXTUI_STATE"):
        return Path(environ["SAXTUI_STATE"])
    if environ.get("XDG_STATE_HOME"):
        return Path(environ["XDG_STATE_HOME"]) / "saxtui"
    import platformdirs

    return Path(platformdirs.user_state_dir("saxtui", appauthor=False))
