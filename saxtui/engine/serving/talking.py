"""The deployment's Sax server as somebody to talk to: guarded by the truth ladder, and the ladder told of answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from saxtui.engine.serving import refusals
from saxtui.engine.serving.asking import Waiting
from saxtui.engine.serving.service import Serving
from saxtui.errors import CallError
from saxtui.model.serving import ModelStatus, Rung
from saxtui.model.talk import Abilities, Answer, Ask, Piece
from saxtui.ports import Clock


class SaxTalker:
    """Fulfils ports.Talker. Guarded: a prompt is refused until a slice is proved to have loaded the model."""

    def __init__(self, serving: Serving, usual: str, clock: Clock, *, guarded: bool = True) -> None:
        self._serving = serving
        self._usual = usual
        self._clock = clock
        self._guarded = guarded

    @property
    def unguarded(self) -> SaxTalker:
        """The same without the guard, for who looked himself."""
        return SaxTalker(self._serving, self._usual, self._clock, guarded=False)

    async def abilities(self, model: str = "", timeout: float = 10.0) -> Abilities:
        """What the dialect that answers takes for the model's class."""
        async with self._serving.reach.server() as server:
            return await server.abilities(model or self._usual, timeout)

    async def names(self, timeout: float = 10.0) -> list[str]:
        """The published models, the deployment's own first."""
        found = [status.id for status in await self._serving.models()]
        return sorted(found, key=lambda name: name != self._usual)

    async def generate(self, ask: Ask) -> Answer:
        """One bounded request, sent once. Raises Refused while nothing is loaded; CallError."""
        async with aclosing(self.stream(ask)) as pieces:
            async for piece in pieces:
                if piece.answer is not None:
                    return piece.answer
        return Answer(())

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Its pieces, as many as the server makes of it."""
        ask = replace(ask, model=ask.model or self._usual)
        if self._guarded:
            await self.guard(ask.model)
        done = False
        async with self._serving.reach.server() as server, aclosing(server.stream(ask)) as pieces:
            started = self._clock.now()
            try:
                with self._serving.prompting():
                    async for piece in pieces:
                        if piece.answer is not None:
                            done, seconds = True, self._clock.now() - started
                            await self._serving.answered(ask.model, seconds)
                            piece = replace(piece, answer=replace(piece.answer, seconds=seconds))
                        yield piece
            except (asyncio.CancelledError, GeneratorExit):
                if not done:
                    self._serving.reach.given_up(server)
                raise

    async def obstacle(self, model: str) -> Waiting | None:
        """Why the model cannot answer now; None when some slice can. For engine.asking."""
        model = model or self._usual
        try:
            status = await self._serving.model(model)
        except CallError as error:
            return Waiting(f"the HTTP server cannot be asked: {error.problem.said}")
        if status is None:
            return Waiting(f"{model} is not published", final=True)
        return None if status.able else _loading(status)

    async def close(self) -> None:
        """Nothing: the session owns the connection."""

    async def guard(self, model: str) -> None:
        """Raises Refused while nothing is loaded: the server would hold a prompt open, v1.0.0 everything else too."""
        model = model or self._usual
        status = await self._serving.model(model)
        if status is None:
            raise refusals.not_published(self._serving.name, model)
        if not status.able:
            raise refusals.not_loaded(self._serving.name, status)


def _loading(status: ModelStatus) -> Waiting:
    if status.failed and status.failed >= status.active_replicas:
        return Waiting(f"{status.id} failed to load, and Sax never tries again: unpublish, fix, publish", final=True)
    hurt = next((item for item in status.replicas if item.broken), None)
    if hurt is not None:
        return Waiting(f"slice {hurt.slice} cannot answer: {hurt.broken}")
    loading = [item.since for item in status.replicas if item.rung is Rung.LOADING and item.since]
    if loading:
        return Waiting(f"{status.id} is loading", since=min(loading), usual=status.usual)
    if status.active_replicas:
        return Waiting(f"{status.id} is assigned, and not loaded yet", usual=status.usual)
    return Waiting(f"no slice has taken {status.id} yet")
