"""The door: `saxtui` alone on a terminal opens the console, anything else is a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping


def console(environ: Mapping[str, str]) -> int:
    """Open the console; imported only here, so that the command line never loads it."""
    from saxtui.console.app import run

    return run(environ)


def _open_missing_streams() -> None:
    """Started with a closed standard stream, Python has None in its place: nothing is read or lost there instead."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (kept open on purpose)


def main() -> int:
    """Entry point; returns the exit code."""
    _open_missing_streams()
    arguments = sys.argv[1:]
    if not arguments and sys.stdin.isatty() and sys.stdout.isatty():
        return console(os.environ)
    from saxtui.cli.main import run

    return run(arguments, os.environ, console)


if __name__ == "__main__":
    sys.exit(main())
