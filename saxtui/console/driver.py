"""The terminal driver, with changes: bytes on stdin that are no UTF-8 are dropped instead of ending the console,
pasted text passes the gate for outside text, and a terminal that has gone away (a closed Cloud Shell tab) swallows
writes instead of blocking the way out. It draws on stdout where stderr goes elsewhere. Keys are read by the event loop:
a thread of its own waits for the interpreter three times a key, which is long while log lines pour in, and wakes ten
times a second for nothing.

The only file that touches Textual's non-public parser; textual is pinned to one exact release for it.
"""

from __future__ import annotations

import os
import sys
from asyncio import TimerHandle
from codecs import getincrementaldecoder
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, cast

from textual._xterm_parser import XTermParser
from textual.constants import ESCAPE_DELAY
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Paste

from saxtui.model.text import safe_block

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

_CHUNK = 4_096
_ESCAPE_SECONDS = ESCAPE_DELAY + 0.005


class _Terminal:
    """The terminal as a file; once a write fails it is gone, and further writes go nowhere."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> int:
        """Write, or forget the text when the terminal is gone."""
        if not self._gone:
            try:
                return self._file.write(text)
            except OSError:
                self._gone = True
        return len(text)

    def flush(self) -> None:
        """Flush, unless the terminal is gone."""
        if not self._gone:
            try:
                self._file.flush()
            except OSError:
                self._gone = True

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._file.isatty()


class TolerantDriver(LinuxDriver):
    """LinuxDriver that reads keys on the event loop, ignores malformed bytes, and outlives its terminal."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        file = cast("IO[str]", self._file)
        if not file.isatty() and sys.__stdout__ is not None:  # Textual draws on stderr: `2>file` would take the picture
            file = sys.__stdout__
        self._file = cast(Any, _Terminal(file))
        self._waiting: TimerHandle | None = None

    def process_message(self, message: Message) -> None:
        """Pass an event on. Pasted text comes from outside too: Textual's editors would draw what it holds."""
        if isinstance(message, Paste):
            # Terminals send a line's end as a carriage return.
            message = Paste(safe_block(message.text.replace("\r\n", "\n").replace("\r", "\n")))
        super().process_message(message)

    def send_message(self, message: Message) -> None:
        """Hand an event to the app; always from the event loop here."""
        self._app.post_message(message)

    def run_input_thread(self) -> None:
        """What Textual's thread for keys does: it hands the reading to the event loop, and ends."""
        self._loop.call_soon_threadsafe(self._listen)

    def disable_input(self) -> None:
        """Read no more keys."""
        self._deaf()
        super().disable_input()

    def _listen(self) -> None:
        self._parser = XTermParser(False)
        self._decode = getincrementaldecoder("utf-8")(errors="ignore").decode
        # stdin from a file or /dev/null cannot be waited for: no keys will come.
        with suppress(PermissionError):
            self._loop.add_reader(self.fileno, self._read)

    def _deaf(self) -> None:
        self._loop.remove_reader(self.fileno)
        if self._waiting is not None:
            self._waiting.cancel()

    def _read(self) -> None:
        try:
            chunk = os.read(self.fileno, _CHUNK)
        except OSError:  # the terminal is gone
            chunk = b""
        if not chunk:
            self._deaf()
            return
        for event in self._parser.feed(self._decode(chunk)):
            self.process_message(event)
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self._loop.call_later(_ESCAPE_SECONDS, self._tick)

    def _tick(self) -> None:
        """No byte came for a while: an escape that stands alone was the key, not the beginning of another's."""
        for event in self._parser.tick():
            self.process_message(event)
