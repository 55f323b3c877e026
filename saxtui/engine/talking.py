"""The deployment's Sax server as somebody to talk to: guarded by the truth ladder, and the ladder told of answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from saxtui.engine.serving import Serving
from saxtui.model.talk import Abilities, Answer, Ask, Piece
from saxtui.ports import Clock


class SaxTalker:
    """Fulfils ports.Talker. Prompts are refused until a slice is proved to have loaded the model, unless `force`."""

    def __init__(self, serving: Serving, usual: str, clock: Clock, *, force: bool = False) -> None:
        self._serving = serving
        self._usual = usual
        self._clock = clock
        self._force = force

    async def abilities(self, model: str = "", timeout: float = 10.0) -> Abilities:
        """What the dialect that answers takes for the model's class."""
        return await (await self._serving.server()).abilities(model or self._usual, timeout)

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
        if not self._force:
            await self._serving.gate(ask.model)
        server = await self._serving.server()
        started = self._clock.now()
        with self._serving.prompting():
            async with aclosing(server.stream(ask)) as pieces:
                async for piece in pieces:
                    if piece.answer is not None:
                        seconds = self._clock.now() - started
                        self._serving.answered(ask.model, seconds)
                        piece = replace(piece, answer=replace(piece.answer, seconds=seconds))
                    yield piece

    async def close(self) -> None:
        """Nothing: the session owns the connection."""
