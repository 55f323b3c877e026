"""Whatever answers prompts, as protocols: the Sax HTTP server, and every other server that can be talked to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from saxtui.model.serving import Beat, Dialect
from saxtui.model.talk import Abilities, Answer, Ask, Piece

Json = dict[str, Any]


class Talker(Protocol):
    """Whatever answers prompts: the seam that chat and bench stand on, and nothing else of a server.

    `Session.talker` is a deployment's Sax server, guarded by the truth ladder; `Runtime.openai(url)` a server of the
    OpenAI protocol. A prompt is sent once and never repeated here. Look at `abilities` first, then take `generate`
    for whole answers, or `stream`, which works everywhere: without streaming it yields one last piece.
    """

    async def abilities(self, model: str = "", timeout: float = 10.0) -> Abilities:
        """What can be asked of it, for this model. Raises CallError while it cannot be reached."""

    async def names(self, timeout: float = 10.0) -> list[str]:
        """The models it offers, the usual one first. Raises CallError."""

    async def generate(self, ask: Ask) -> Answer:
        """The whole answer. Raises Invalid for what the server cannot take; CallError."""

    def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Pieces as they come, the last one with the whole answer. Raises like `generate`, also in the middle."""

    async def close(self) -> None: ...


class LastBeat(Protocol):
    """The newest beat of one deployment's canary, kept for other processes to tell of."""

    async def save(self, beat: Beat) -> None:
        """Keep it in place of the one before. One that cannot be kept is lost: the next comes soon."""

    async def load(self) -> Beat | None:
        """None where there was none yet, or it cannot be read."""


class ModelServer(Talker, Protocol):
    """The Sax HTTP server, whichever dialect it speaks. Every call is bounded by `timeout` real seconds."""

    dialect: Dialect

    async def probe(self, timeout: float = 10.0) -> Dialect:
        """Find out which dialect answers. Raises CallError when none does."""

    async def alive(self, timeout: float = 10.0) -> None:
        """That it answers at all; asks nothing of Sax. Raises CallError."""

    async def list_cell(self, model: str, timeout: float = 10.0) -> Json | None:
        """max_replicas, active_replicas, model_path, checkpoint; None when not published."""

    async def list_all(self, cell: str, timeout: float = 10.0) -> list[str] | None:
        """Model ids, or None where the dialect cannot list."""

    async def publish(self, model: str, path: str, checkpoint: str, replicas: int, timeout: float = 30.0) -> Json: ...
    async def update(self, model: str, path: str, checkpoint: str, replicas: int, timeout: float = 30.0) -> Json: ...
    async def unpublish(self, model: str, timeout: float = 30.0) -> None: ...
