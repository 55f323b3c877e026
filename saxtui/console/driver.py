"""The terminal driver, with one change: bytes on stdin that are no UTF-8 are dropped instead of ending the console.

The only file that touches Textual's non-public parser; textual is pinned to one exact release for it.
"""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_POLL_SECONDS = 0.1
_CHUNK = 4096


class TolerantDriver(LinuxDriver):
    """LinuxDriver whose input decoder ignores malformed bytes."""

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
