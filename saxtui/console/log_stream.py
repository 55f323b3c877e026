"""Feeds a log pane from the session's streams: one selection at a time, asked for again when it breaks."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.screen import Screen

from saxtui.console.widgets.log_pane import LogPane

if TYPE_CHECKING:
    from saxtui.engine.logs import LogSelection
    from saxtui.engine.session import Session

_GROUP = "logs"
_TAIL = 200
_SETTLE = 0.12  # real seconds a selection must rest before its log is asked for
_AGAIN = 5.0  # real seconds before a failed stream is asked for again
_BREATH = 256  # lines taken without giving the screen a turn


class LogStream:
    """What streams into one pane. Its work belongs to `screen`, and ends with it."""

    def __init__(self, screen: Screen[None], pane: LogPane) -> None:
        self._screen = screen
        self._pane = pane
        self._selection: LogSelection | None = None

    def show(self, session: Session, selection: LogSelection, heading: str) -> None:
        """Stream these logs into the pane from now on; the same selection again changes nothing."""
        if selection == self._selection:
            return
        self._selection = selection
        self._pane.start(heading, "waiting for lines")
        self._screen.run_worker(
            self._follow(session, selection), group=_GROUP, exclusive=True, exit_on_error=False,
            description="follow logs",
        )  # fmt: skip

    def stop(self) -> None:
        """Stop and forget: another deployment was chosen."""
        self._screen.workers.cancel_group(self._screen, _GROUP)
        self._selection = None
        self._pane.start("logs", "")

    async def _follow(self, session: Session, selection: LogSelection) -> None:
        """Feed the pane until another selection is made; a failed stream is asked for again."""
        await asyncio.sleep(_SETTLE)
        while True:
            said = await self._drain(session, selection)
            self._pane.say(said or "the streams ended")
            if not said:
                return
            await asyncio.sleep(_AGAIN)

    async def _drain(self, session: Session, selection: LogSelection) -> str:
        """One stream to its end; returns why it broke, or "" when it ended by itself."""
        from saxtui.errors import SaxtuiError

        taken = 0
        try:
            async with aclosing(session.logs(selection, follow=True, tail=_TAIL)) as lines:  # type: ignore[type-var]
                async for line in lines:
                    self._pane.say("")
                    self._pane.feed((line,))
                    taken += 1
                    if taken % _BREATH == 0:
                        await asyncio.sleep(0)
        except SaxtuiError as error:
            return error.problem.one_line()
        return ""
