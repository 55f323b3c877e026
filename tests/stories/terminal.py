"""A program in a pseudo-terminal, and its byte stream taken apart into control sequences."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from tests import hostile

ROOT = Path(__file__).resolve().parents[2]
_SEQUENCE = re.compile(
    r"\x1b\[(?P<csi>[0-?]*[ -/]*[@-~])|\x1b(?P<string>[]PX^_])(?P<body>.*?)(?:\x1b\\|\x07)|\x1b(?P<esc>[ -/]*[0-~])",
    re.DOTALL,
)
CANARY = "canary-6f1d-nobody-may-see-this"
_LAYOUT = frozenset("\r\n")


class Terminal:
    """One process on a terminal of its own. `seen` is all it has written."""

    def __init__(self, argv: Sequence[str], environ: dict[str, str], size: tuple[int, int] = (120, 40)) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            # A worker of pytest-xdist has a size in its environment, which Textual believes more than the terminal.
            own = {name: value for name, value in environ.items() if name not in {"COLUMNS", "LINES"}}
            os.execve(argv[0], list(argv), own)
        self.resize(*size)
        self.before = termios.tcgetattr(self.fd)
        self._seen = bytearray()  # a hundred megabytes come in pieces of four kilobytes

    @property
    def seen(self) -> bytes:
        """A copy."""
        return bytes(self._seen)

    @classmethod
    def console(cls, state: Path, mode: str, kind: str = "plain") -> Terminal:
        """The console of pty_console.py."""
        environ = {**os.environ, "TERM": "xterm-256color", "SAXTUI_STATE": str(state), "LANG": "C.UTF-8"}
        environ.update({"PYTHONPATH": str(ROOT), "CANARY_TOKEN": CANARY})
        return cls([sys.executable, "-m", "tests.stories.pty_console", str(state), mode, kind], environ)

    def read_until(self, wanted: bytes, seconds: float = 40, since: int = 0) -> None:
        """Read until the bytes have come."""
        end = time.monotonic() + seconds
        while self._seen.find(wanted, since) < 0:
            assert time.monotonic() < end, f"{wanted!r} never came; last: {self.seen[-1500:]!r}"
            assert self._read() or self._alive(), f"it ended before {wanted!r} came: {self.seen[-3000:]!r}"

    def read_until_there(self, path: Path, seconds: float = 40) -> None:
        """Read until the file is there."""
        end = time.monotonic() + seconds
        while not path.exists():
            assert time.monotonic() < end, f"{path.name} never came; last: {self.seen[-1500:]!r}"
            assert self._read() or self._alive(), f"it ended early: {self.seen[-3000:]!r}"

    def settle(self) -> None:
        """Read until it has nothing more to say for three looks in a row."""
        quiet = 0
        while quiet < 3:
            quiet = 0 if self._read() else quiet + 1

    def type(self, keys: bytes) -> int:
        """Type; returns how much had been written before."""
        os.write(self.fd, keys)
        return len(self._seen)

    def resize(self, columns: int, lines: int) -> None:
        """Another size; the kernel tells the process."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def end(self, seconds: float = 40) -> int:
        """Read to the end; the process's exit code, negative for a signal."""
        end = time.monotonic() + seconds
        while self._alive():
            assert time.monotonic() < end, f"it did not end; last: {self.seen[-600:]!r}"
            self._read()
        while self._read():
            continue
        return os.waitstatus_to_exitcode(self._status)

    def after(self) -> list[object]:
        """The terminal's settings now."""
        return list(termios.tcgetattr(self.fd))

    def close(self) -> None:
        """End what is left."""
        if self._alive():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    _status = 0
    _dead = False

    def _alive(self) -> bool:
        if not self._dead:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self._dead, self._status = True, status
        return not self._dead

    def _read(self) -> bool:
        if not select.select([self.fd], [], [], 0.05)[0]:
            return False
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:
            return False
        self._seen += chunk
        return bool(chunk)


def sequences(stream: bytes) -> set[str]:
    """The kinds of control in a stream: sequences without their numbers, modes with them, and any bad character."""
    text = stream.decode("utf-8", "replace")
    kinds: set[str] = set()
    for match in _SEQUENCE.finditer(text):
        if match["csi"] is not None:
            body, final = match["csi"][:-1], match["csi"][-1]
            kinds.add(f"CSI {body if final in 'hlpqtnc' else re.sub('[0-9;:]', '', body)}{final}")
        elif match["string"] is not None:
            kinds.add(f"string {match['string']}{match['body'].split(';')[0][:8]}")
        else:
            kinds.add(f"ESC {match['esc']}")
    for char in set(_SEQUENCE.sub("", text)):
        if unicodedata.category(char) in hostile.FORBIDDEN and char not in _LAYOUT:
            kinds.add(f"character {ord(char):x}")
    return kinds
