"""What is said on the terminal after the console is gone: what goes on in the cloud, and how to go on with it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from saxtui.errors import ExitCode


def line(running: Sequence[tuple[str, str]], billing: Sequence[tuple[str, str]]) -> str:
    """One line, "" when nothing runs or bills.

    `running`: (kind of run, deployment) that were stopped; `billing`: (deployment, rate in words).
    """
    parts = []
    for kind, name in running:
        parts.append(
            f"{kind} of {name} stopped here; what was sent goes on in the cloud. Go on: saxtui {kind} -d {name}"
        )
    for name, rate in billing:
        parts.append(f"{name} goes on billing {rate}. Look: saxtui status -d {name}, take down: saxtui down -d {name}")
    return f"saxtui: {'; '.join(parts)}" if parts else ""


def say(code: int, parting: str, crashed: BaseException | None, environ: Mapping[str, str]) -> int:
    """Say it on stderr, after the report of a crash if there was one; returns the exit code."""
    said = [parting] if parting else []
    if crashed is not None:
        said.insert(0, _report(crashed, environ))
        code = int(ExitCode.BILLABLE if parting else ExitCode.REFUSED)
    with contextlib.suppress(OSError, ValueError):  # a terminal that has gone away hears nothing
        sys.stderr.write("".join(f"{text}\n" for text in said))
        sys.stderr.flush()
    return code


def _report(error: BaseException, environ: Mapping[str, str]) -> str:
    from saxtui.adapters.disk import surroundings
    from saxtui.adapters.disk.crash import write_report

    kind = type(error).__name__
    try:
        path = write_report(Path(surroundings.read(environ).state_dir), error, environ)
    except OSError as failure:
        return f"saxtui failed unexpectedly ({kind}); no report could be written: {failure.strerror or failure}"
    return f"saxtui failed unexpectedly ({kind}); please report {path}"
