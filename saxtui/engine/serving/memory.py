"""What the chat needs of the place where conversations are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from saxtui.model.conversation import Conversation, Turn
from saxtui.model.serving import Candidate, Sampling


class Memory(Protocol):
    """Where conversations are kept. What is recorded survives a kill; every call raises Refused when it cannot be."""

    async def get(self, conversation: int) -> Conversation | None: ...
    async def turns(self, conversation: int) -> list[Turn]:
        """In order; a turn that was sent by a saxtui that is dead is unanswered."""

    async def queued(self, place: str) -> list[Turn]: ...
    async def queue(
        self, conversation: int, prompt: str, sampling: Sampling | None = None, *, models: Sequence[str] = ("",),
        wanted: int = 1, replaces: Turn | None = None,
    ) -> tuple[Turn, ...]:  # fmt: skip
        """Record a prompt that is to be sent, a turn for each model."""

    async def claim(self, turn: Turn) -> Turn | None:
        """Take a queued prompt for sending; None when it is queued no more. Only one caller ever gets it."""

    async def requeue(self, turn: Turn) -> None: ...
    async def withdraw(self, turn: Turn) -> bool: ...
    async def grew(self, turn: Turn, text: str) -> None: ...
    async def answered(
        self, turn: Turn, candidates: tuple[Candidate, ...], seconds: float, first: float = 0.0, tokens: int = 0
    ) -> None: ...
    async def failed(self, turn: Turn, said: str) -> None: ...
    async def unanswered(self, turn: Turn, said: str) -> None: ...
