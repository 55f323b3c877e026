"""The one place that sends prompts: each waits until it can be answered, then goes out once, and never again by itself.

    async for step in session.asking.put(Ask("hello"), sending=lambda: book.sent(turn), held=lambda: book.queued(turn)):
        match step:
            case Waiting():  ...   # why it is not sent yet; again whenever that changes
            case Piece():    ...   # text as it comes; the last piece has the whole answer

`sending` is awaited just before the request: what it writes is on disk when the prompt leaves. `held` is awaited when
the request surely reached nobody, so the prompt waits again. Any other failure is raised: the prompt may have been
heard, and only the operator may send it a second time. Ending the iteration while it waits sends nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, nullcontext
from dataclasses import dataclass

from saxtui.errors import Busy, CallError, Unreachable
from saxtui.model.talk import Ask, Piece
from saxtui.ports import Clock, Talker

_AGAIN = 5.0
"""Seconds of the clock between two looks at what a prompt waits for."""
_LEAST = 0.5
"""Real seconds between them, however fast the clock runs."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a prompt is not sent yet. `final`: nothing will change by itself. `since` epoch seconds, 0.0 unknown.

    `usual` is (p50, p90) seconds of what it waits for, None where nobody knows.
    """

    said: str
    final: bool = False
    since: float = 0.0
    usual: tuple[float, float] | None = None


Obstacle = Callable[[str], Awaitable[Waiting | None]]
"""Why a model (by id, "" the usual one) cannot answer now; None when it can."""


async def _nothing() -> None:
    """For callers that keep no record."""


class Asking:
    """Prompts to one server, one after the other in the order they were put, but for those put `beside`."""

    def __init__(self, talker: Talker, clock: Clock, obstacle: Obstacle | None = None) -> None:
        """Without an `obstacle` a prompt waits only for the server to be reached."""
        self._talker = talker
        self._clock = clock
        self._obstacle = obstacle or self._unreached
        self._turn = asyncio.Lock()
        self._queue = 0

    @property
    def queued(self) -> int:
        """How many prompts are here now, the one being answered among them."""
        return self._queue

    async def one_at_a_time(self, model: str) -> bool:
        """Whether a second request would only wait behind the first; also while the server cannot be asked."""
        try:
            return (await self._talker.abilities(model)).one_at_a_time
        except CallError:
            return True

    async def put(
        self,
        ask: Ask,
        sending: Callable[[], Awaitable[None]] = _nothing,
        held: Callable[[], Awaitable[None]] = _nothing,
        *,
        beside: bool = False,
    ) -> AsyncGenerator[Waiting | Piece, None]:
        """See the module. Raises CallError or Refused as ports.Talker does; never repeats what may have been heard.

        `beside`: need not wait for its turn: the other half of a comparison, where `one_at_a_time` is not so.
        """
        self._queue += 1
        try:
            if self._turn.locked() and not beside:
                yield Waiting("an earlier prompt is being answered")
            async with nullcontext() if beside else self._turn:
                async for step in self._when_ready(ask, sending, held):
                    yield step
        finally:
            self._queue -= 1

    async def _when_ready(
        self, ask: Ask, sending: Callable[[], Awaitable[None]], held: Callable[[], Awaitable[None]]
    ) -> AsyncGenerator[Waiting | Piece, None]:
        told: Waiting | None = None
        while True:
            waiting = await self._obstacle(ask.model)
            if waiting is None:
                try:
                    async for piece in self._send(ask, sending):
                        yield piece
                    return
                except (Busy, Unreachable) as error:
                    if not _unheard(error):
                        raise
                    waiting = Waiting(error.problem.said)
                    await held()
            if waiting != told:
                told = waiting
                yield waiting
            await self._clock.sleep(max(_AGAIN, _LEAST * self._clock.speed))

    async def _send(self, ask: Ask, sending: Callable[[], Awaitable[None]]) -> AsyncGenerator[Piece, None]:
        await sending()
        async with aclosing(self._talker.stream(ask)) as pieces:
            async for piece in pieces:
                yield piece

    async def _unreached(self, model: str) -> Waiting | None:
        try:
            await self._talker.abilities(model)
        except (Busy, Unreachable) as error:
            return Waiting(error.problem.said)
        except CallError:
            # It answers; what it has against us, it will say to the prompt.
            return None
        return None


def _unheard(error: CallError) -> bool:
    """Whether the request surely reached no model server: it was not sent, or no connection was made."""
    return isinstance(error, Unreachable) or error.problem.reason == "ONE_AT_A_TIME"
