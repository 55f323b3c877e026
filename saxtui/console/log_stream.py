"""Feeds a log pane from the session's streams: one selection at a time, asked for again when it breaks."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.screen import Screen

from saxtui.console.widgets.log_pane import LogPane
from saxtui.model.log_batch import epoch_of

if TYPE_CHECKING:
    from saxtui.engine.session import Session
    from saxtui.engine.watching.logs import LogSelection

_GROUP = "logs"
_TAIL = 200
_SETTLE = 0.12  # real seconds a selection must rest before its log is asked for
_AGAIN = 5.0  # real seconds before a failed stream is asked for again


class LogStream:
    """What streams into one pane. Its work belongs to `screen`, and ends with it."""

    def __init__(self, screen: Screen[None], pane: LogPane) -> None:
        self._screen = screen
        self._pane = pane
        self._selection: LogSelection | None = None
        self._going = asyncio.Event()
        self._going.set()

    def show(self, session: Session, selection: LogSelection, heading: str) -> None:
        """Stream these logs into the pane from now on; the same selection again changes nothing."""
        if selection == self._selection:
            return
        self._selection = selection
        self._going.set()
        self._pane.start(heading, "waiting for lines")
        self._screen.run_worker(
            self._follow(session, selection), group=_GROUP, exclusive=True, exit_on_error=False,
            description="follow logs",
        )  # fmt: skip

    def stop(self) -> None:
        """Stop and forget: another deployment was chosen."""
        self._screen.workers.cancel_group(self._screen, _GROUP)
        self._selection = None
        self._going.set()
        self._pane.start("logs", "")

    def pause(self) -> None:
        """Take no more lines, or go on. Nothing is lost: what comes meanwhile waits at the servers."""
        if self._going.is_set():
            self._going.clear()
        else:
            self._going.set()
        self._pane.pause(not self._going.is_set())

    async def _follow(self, session: Session, selection: LogSelection) -> None:
        """Feed the pane until another selection is made; a failed stream is asked for again."""
        await asyncio.sleep(_SETTLE)
        while True:
            said = await self._drain(session, selection)
            self._pane.say(said or ("this container has ended" if selection.previous else "the streams ended"))
            if not said:
                return
            await asyncio.sleep(_AGAIN)

    async def _drain(self, session: Session, selection: LogSelection) -> str:
        """One stream to its end; returns why it broke, or "" when it ended by itself."""
        from saxtui.errors import SaxtuiError

        store = self._pane.view.store
        since = epoch_of(store.stamp(store.end - 1)) + 1e-6 if len(store) else None
        tail = _TAIL if since is None and not selection.previous else None
        try:
            async with aclosing(session.log_batches(selection, follow=True, tail=tail, since=since)) as batches:
                async for batch in batches:
                    self._pane.say("")
                    self._pane.feed(batch)
                    await self._going.wait()
        except SaxtuiError as error:
            return error.problem.one_line()
        return ""
