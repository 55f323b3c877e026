"""What was said to a model: conversations and their turns, kept on disk. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saxtui.model.serving import Candidate, Sampling


class TurnState(StrEnum):
    """How one prompt stands. UNANSWERED: it was sent, and saxtui ended or gave up before an answer came."""

    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread of turns with one model. `created` and `changed` in epoch seconds."""

    id: int
    deployment: str
    model: str
    title: str
    created: float
    changed: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt and what came of it. `seconds` is the time to the answer; `said` why there is none."""

    id: int
    conversation: int
    prompt: str
    state: TurnState
    at: float
    sampling: Sampling | None = None
    candidates: tuple[Candidate, ...] = ()
    seconds: float = 0.0
    said: str = ""

    @property
    def text(self) -> str:
        """The best candidate's text, "" without an answer."""
        return self.candidates[0].text if self.candidates else ""
