"""The terminal driver, with changes: bytes on stdin that are no UTF-8 are dropped instead of ending the console,
pasted text passes the gate for outside text, and a terminal that has gone away (a closed Cloud Shell tab) swallows
writes instead of blocking the way out. It draws on stdout where stderr goes elsewhere.

The only file that touches Textual's non-public parser; textual is pinned to one exact release for it.
"""

from __future__ import annotations

import os
import selectors
import sys
from codecs import getincrementaldecoder
from typing import IO, TYPE_CHECKING, Any, cast

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Paste

from saxtui.model.text import safe_block

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

_POLL_SECONDS = 0.1
_CHUNK = 4096


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
    """LinuxDriver whose input decoder ignores malformed bytes, and whose output outlives its terminal."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        file = cast("IO[str]", self._file)
        if not file.isatty() and sys.__stdout__ is not None:  # Textual draws on stderr: `2>file` would take the picture
            file = sys.__stdout__
        self._file = cast(Any, _Terminal(file))

    def process_message(self, message: Message) -> None:
        """Pass an event on. Pasted text comes from outside too: Textual's editors would draw what it holds."""
        if isinstance(message, Paste):
            message = Paste(safe_block(message.text))
        super().process_message(message)

    def run_input_thread(self) -> None:
        """Read keys until told to stop."""
        parser = XTermParser(False)
        decode = getincrementaldecoder("utf-8")(errors="ignore").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_POLL_SECONDS):
                    chunk = os.read(self.fileno, _CHUNK)
                    if not chunk:
                        break
                    for event in parser.feed(decode(chunk)):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
        try:
            for event in parser.feed(""):
                self.process_message(event)
        except (EOFError, ParseError):
            return
