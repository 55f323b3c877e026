"""The door: `saxtui` alone on a terminal opens the console, anything else is a command."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import NoReturn

_LAST_SECONDS = 0.5


def console(environ: Mapping[str, str]) -> int:
    """Open the console; imported only here, so that the command line never loads it."""
    from saxtui.console.app import run

    return run(environ)


def _open_missing_streams() -> None:
    """Started with a closed standard stream, Python has None in its place: nothing is read or lost there instead."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (kept open on purpose)


def main() -> NoReturn:
    """Entry point; ends the process with the exit code."""
    _leave(_run())


def _run() -> int:
    _open_missing_streams()
    arguments = sys.argv[1:]
    if not arguments and sys.stdin.isatty() and sys.stdout.isatty():
        return console(os.environ)
    from saxtui.cli.main import run

    return run(arguments, os.environ, console)


def _leave(code: int) -> NoReturn:
    """End the process; threads that still wait for a cloud that does not answer do not hold it up."""
    deadline = time.monotonic() + _LAST_SECONDS
    others = [t for t in threading.enumerate() if t is not threading.current_thread() and not t.daemon]
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
