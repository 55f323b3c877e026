"""The setup that was begun and not finished: read once, written behind the operator's typing, never in its way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from saxtui.console.setup.keeping import Unfinished, dump, load
from saxtui.errors import SaxtuiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from saxtui.errors import Problem
    from saxtui.ports import Library


class Drafts:
    """`value` is what is kept now. `failed` hears why it could not be read or written; typing goes on meanwhile."""

    def __init__(self, failed: Callable[[Problem], None]) -> None:
        self.value: Unfinished | None = None
        self._failed = failed
        self._library: Library | None = None
        self._writing: asyncio.Task[None] | None = None
        self._written: Unfinished | None = None

    async def open(self, library: Library) -> None:
        """Read what an earlier saxtui left."""
        self._library = library
        try:
            self.value = self._written = load(await asyncio.to_thread(library.read_draft))
        except SaxtuiError as error:
            self._failed(error.problem)

    def keep(self, found: Unfinished | None) -> None:
        """Keep this from now on; None forgets it. The disk follows in a thread."""
        self.value = found
        if self._library is not None and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write(self._library), name="keep the setup")

    async def close(self) -> None:
        """Wait until the disk has what was kept last."""
        if self._writing is not None:
            await self._writing

    async def _write(self, library: Library) -> None:
        while self._written != self.value:
            wanted = self.value
            try:
                await asyncio.to_thread(library.write_draft, dump(wanted) if wanted else "")
            except SaxtuiError as error:
                self._failed(error.problem)
                return
            self._written = wanted
