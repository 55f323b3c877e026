import io
import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from saxtui.cli.output import Output, OutputClosed


def output(prose: Callable[..., None] = print) -> Output:
    return Output({}, prose)


def test_json_mode_writes_records_only(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[object] = []
    out = output(lambda *pieces: said.append(pieces))
    out.as_json = True
    out.line("prose")
    out.table(("a",), [("b",)])
    out.record("thing", name="é\x1b[2J", items=(1, 2), kind="x", none=None)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isascii() and "\x1b" not in line
    assert json.loads(line) == {"type": "thing", "name": "é\x1b[2J", "items": [1, 2], "kind": "x", "none": None}
    assert said == [("prose",)]


def test_text_mode_writes_text_only(capsys: pytest.CaptureFixture[str]) -> None:
    out = output()
    out.record("thing", name="x")
    out.table(("name", "state"), [("a", ("ok", "ok")), ("longer", "")])
    assert capsys.readouterr().out == "name    state\na       ok\nlonger\n"


class Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError

    def fileno(self) -> int:
        return os.open(os.devnull, os.O_WRONLY)


def test_a_closed_reader_ends_a_listing_but_not_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(OutputClosed):
        output().line("x")
    run = output()
    run.must_go_on = True
    run.line("x")
    run.line("y")


def test_a_real_closed_pipe_is_quiet() -> None:
    """`saxtui --help`-like output into a reader that has gone: no traceback, no message."""
    script = (
        "import os, sys\n"
        "from saxtui.cli.output import Output, OutputClosed\n"
        "out = Output({}, print)\n"
        "try:\n"
        "    while True: out.line('x' * 1000)\n"
        "except OutputClosed:\n"
        "    sys.exit(0)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 0
