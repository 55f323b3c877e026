"""In a real terminal: rubbish on stdin is survived, and signals give the terminal back."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = "import os, sys; from saxtui.console.app import run; sys.exit(run(os.environ))"
RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")


class Terminal:
    """The console in a pseudo-terminal of 80x24."""

    def __init__(self, state: Path) -> None:
        environ = {**os.environ, "TERM": "xterm-256color", "SAXTUI_STATE": str(state), "LANG": "C.UTF-8"}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, "-c", CODE], environ)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = b""

    def read_until(self, wanted: bytes, seconds: float = 60) -> None:
        """Read until the bytes came since the last call."""
        start, end = len(self.seen), time.monotonic() + seconds
        while wanted not in self.seen[start:]:
            assert time.monotonic() < end, f"{wanted!r} never came; last: {self.seen[-600:]!r}"
            self._read()

    def exit_code(self, seconds: float = 60) -> int:
        """Read to the end; the process's exit code, negative for a signal."""
        end = time.monotonic() + seconds
        while True:
            assert time.monotonic() < end, "the console did not end"
            self._read()
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.pid = 0
                self._read()
                return os.waitstatus_to_exitcode(status)

    def _read(self) -> None:
        if select.select([self.fd], [], [], 0.05)[0]:
            try:
                self.seen += os.read(self.fd, 65536)
            except OSError:
                return

    def write(self, keys: bytes) -> None:
        """Type these bytes."""
        os.write(self.fd, keys)

    def close(self) -> None:
        """End what is left."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    found = Terminal(tmp_path)
    yield found
    found.close()


def test_bytes_that_are_no_utf8_are_survived(terminal: Terminal) -> None:
    terminal.read_until(b"Deployments")
    terminal.write(b"\xff\xfe\xc3(\x80")
    terminal.write(b"?")
    terminal.read_until(b"Keys")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(terminal: Terminal, number: signal.Signals) -> None:
    terminal.read_until(b"all keys")
    os.kill(terminal.pid, number)
    assert terminal.exit_code() == 0
    for sequence in RESTORED:
        assert sequence in terminal.seen, sequence


def test_an_escape_that_stands_alone_is_a_key(terminal: Terminal) -> None:
    """The terminal sends one byte, which could be the beginning of another key."""
    terminal.read_until(b"all keys")
    terminal.write(b"?")
    terminal.read_until(b"Keys")
    terminal.write(b"\x1b")
    terminal.read_until(b"all keys")


def test_after_a_pause_by_ctrl_z_keys_are_read_again(terminal: Terminal) -> None:
    terminal.read_until(b"all keys")
    os.kill(terminal.pid, signal.SIGTSTP)
    assert os.WIFSTOPPED(os.waitpid(terminal.pid, os.WUNTRACED)[1])
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.read_until(b"all keys")
    terminal.write(b"?")
    terminal.read_until(b"Keys")


def test_a_pasted_line_ends_where_the_terminal_ends_it(terminal: Terminal) -> None:
    """The terminal sends a carriage return for the line's end; it was drawn as a character, and found nothing."""
    terminal.read_until(b"all keys")
    terminal.write(b":")
    terminal.read_until(b"home, slices, take-down")
    terminal.write(b"\x1b[200~messages\r\x1b[201~")
    terminal.read_until(b"Everything that went wrong so far")
    assert "␍".encode() not in terminal.seen
