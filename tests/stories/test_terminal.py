"""In a real terminal: every signal on every screen gives it back and says what goes on; hostile text does nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests import hostile
from tests.stories.terminal import CANARY, Terminal, sequences

MODES = ("home", "setup", "provision", "slices", "models", "chat")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
OFF = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1006l", b"\x1b[?2004l")
BILLABLE = 3
EVERY = [(mode, number) for mode in MODES for number in SIGNALS]
SOME = [(mode, SIGNALS[place % 4]) for place, mode in enumerate(MODES)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[Terminal]]:
    """Terminals to be closed."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.close()


def at_work(opened: list[Terminal], state: Path, mode: str, kind: str = "plain") -> Terminal:
    terminal = Terminal.console(state, mode, kind)
    opened.append(terminal)
    terminal.read_until_there(state / "at-work")
    return terminal


def test_crash_gives_the_terminal_back_and_tells_no_secret(opened: list[Terminal], tmp_path: Path) -> None:
    terminal = Terminal.console(tmp_path, "provision", "crash")
    opened.append(terminal)
    assert terminal.end() == BILLABLE
    given_back(terminal)
    assert b"failed unexpectedly (" in terminal.seen
    (report,) = tmp_path.glob("crash-*.txt")
    text = report.read_text()
    assert "RuntimeError" in text
    assert "pty_console" in text
    assert report.stat().st_mode & 0o777 == 0o600
    assert str(report).encode() in terminal.seen.replace(b"\r\n", b"")
    for seen in (text, terminal.seen.decode(errors="replace")):
        assert CANARY not in seen


def given_back(terminal: Terminal) -> None:
    """Modes off, settings as before, and one line on what goes on and how to go on with it."""
    last = terminal.seen.rfind(b"\x1b[?1049l")
    for sequence in OFF:
        assert sequence in terminal.seen, sequence
    assert terminal.after() == terminal.before
    said = [line for line in terminal.seen[last:].decode().splitlines() if "saxtui up -d spmd" in line]
    assert len(said) == 1, terminal.seen[last:]
    assert "goes on in the cloud" in said[0]
    assert "saxtui down -d spmd" in said[0]
    assert b"Traceback" not in terminal.seen


def signalled(opened: list[Terminal], state: Path, mode: str, number: signal.Signals) -> None:
    terminal = at_work(opened, state, mode)
    terminal.signal(number)
    assert terminal.end() == BILLABLE
    given_back(terminal)


@pytest.mark.parametrize(("mode", "number"), SOME)
def test_signal_gives_the_terminal_back(
    opened: list[Terminal], tmp_path: Path, mode: str, number: signal.Signals
) -> None:
    signalled(opened, tmp_path, mode, number)


@pytest.mark.long
@pytest.mark.parametrize(("mode", "number"), [case for case in EVERY if case not in SOME])
def test_every_signal_on_every_screen(
    opened: list[Terminal], tmp_path: Path, mode: str, number: signal.Signals
) -> None:
    signalled(opened, tmp_path, mode, number)


@pytest.mark.long
def test_a_run_that_does_not_stop_does_not_hold_the_terminal(opened: list[Terminal], tmp_path: Path) -> None:
    terminal = at_work(opened, tmp_path, "provision", "stuck")
    terminal.signal(signal.SIGTERM)
    assert terminal.end() == BILLABLE
    given_back(terminal)


def test_ctrl_c_asks_and_the_second_leaves(opened: list[Terminal], tmp_path: Path) -> None:
    terminal = at_work(opened, tmp_path, "slices")
    before = terminal.type(b"\x03")
    terminal.read_until(b"Leave saxtui?", since=before)
    terminal.type(b"\x03")
    assert terminal.end() == BILLABLE
    given_back(terminal)


def test_after_a_pause_by_ctrl_z_the_whole_screen_is_drawn_again(opened: list[Terminal], tmp_path: Path) -> None:
    """The shell has written over it meanwhile, and most of it has not changed."""
    terminal = at_work(opened, tmp_path, "slices")
    terminal.read_until(b"END-OF-LOG")
    for _ in range(3):
        terminal.settle()
        before = len(terminal.seen)
        terminal.signal(signal.SIGTSTP)
        assert os.WIFSTOPPED(os.waitpid(terminal.pid, os.WUNTRACED)[1])
        terminal.signal(signal.SIGCONT)
        terminal.read_until(b"END-OF-LOG", since=before)


@pytest.mark.parametrize("mode", ["home", "chat"])
def test_rubbish_on_the_keyboard_is_survived(opened: list[Terminal], tmp_path: Path, mode: str) -> None:
    terminal = at_work(opened, tmp_path, mode)
    terminal.type(b"\xff\xfe\xc3(\x80\xf5\xff\x1b[M\xff\xff\xff")
    before = terminal.type(b"\x03")
    terminal.read_until(b"Leave saxtui?", since=before)


@pytest.mark.parametrize("mode", ["home", *(pytest.param(m, marks=pytest.mark.long) for m in MODES if m != "home")])
def test_no_size_ends_it(opened: list[Terminal], tmp_path: Path, mode: str) -> None:
    terminal = at_work(opened, tmp_path, mode)
    dice = Random(3)
    tiny = [(1, 1), (2, 1), (20, 5), (300, 100)]
    for size in (*tiny, *((dice.randint(1, 200), dice.randint(1, 60)) for _ in range(40))):
        terminal.resize(*size)
        terminal.type(b"\x1b[B")
    for size in tiny:
        terminal.resize(*size)
        terminal.settle()
    terminal.resize(120, 40)
    before = terminal.type(b"\x03")
    terminal.read_until(b"Leave saxtui?", since=before)
    terminal.type(b"\x03")
    assert terminal.end() == BILLABLE
    given_back(terminal)


def stream(terminal: Terminal, mode: str, kind: str) -> bytes:
    """Everything a screen writes while it shows everything it can."""
    if mode == "slices":
        terminal.read_until(b"END-OF-LOG")
    if mode == "chat":
        pasted = "plain words" if kind == "plain" else "".join(hostile.lines(5, 200)).replace("\x1b[201~", "")
        text = pasted.encode("utf-8", "replace")
        for start in range(0, 2_000, 200):
            terminal.type(b"\x1b[200~" + text[start : start + 200] + b"\x1b[201~")
            terminal.settle()
        terminal.type(b"\r")
        terminal.settle()
    for key in (b"\x1b", b"\x0c", b"\r", b"\x1b", b"\x1b", b"?", b"\x1b"):
        terminal.settle()
        terminal.type(key)
    terminal.settle()
    terminal.signal(signal.SIGTERM)
    assert terminal.end() == BILLABLE
    return terminal.seen


@pytest.mark.parametrize(
    "mode",
    ["slices", *(pytest.param(m, marks=pytest.mark.long) for m in MODES if m != "slices")],
)
def test_hostile_text_writes_no_sequence_that_plain_text_does_not(
    opened: list[Terminal], tmp_path: Path, mode: str
) -> None:
    for kind in ("plain", "hostile"):
        (tmp_path / kind).mkdir()
        opened.append(Terminal.console(tmp_path / kind, mode, kind))  # both at once: most of their time is starting
    for terminal, kind in zip(opened, ("plain", "hostile"), strict=True):
        terminal.read_until_there(tmp_path / kind / "at-work")
    plain, attacked = stream(opened[0], mode, "plain"), stream(opened[1], mode, "hostile")
    assert sequences(attacked) - sequences(plain) == set()
    assert len(attacked) > 5_000


def test_the_oracle_sees_what_it_looks_for() -> None:
    stream = "a\x1b[2J\x1b]52;c;aGk=\x07b\x9b6n\u202e\x1bPq\x1b\\\x00".encode()
    assert sequences(stream) == {"CSI J", "string ]52", "character 9b", "character 202e", "string Pq", "character 0"}
