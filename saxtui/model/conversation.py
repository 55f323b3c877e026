"""What was said to a model: conversations and their turns, kept on disk. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from saxtui.model.serving import Candidate, Sampling

CHARACTERS_A_TOKEN = 4
"""What tokens are estimated with where the server does not count them."""


class TurnState(StrEnum):
    """How one prompt stands.

    QUEUED: on disk and not sent. SENT: on its way. UNANSWERED: it was sent, and saxtui ended or gave up before an
    answer was whole; what had come of it is kept.
    """

    QUEUED = "queued"
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"
    UNANSWERED = "unanswered"


OPEN = (TurnState.QUEUED, TurnState.SENT)
WITHOUT_ANSWER = (TurnState.FAILED, TurnState.UNANSWERED)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread of turns. `place`: the deployment's id, or a server's URL. `created`, `changed` in epoch seconds.

    `system` is the text every prompt of it goes with.
    """

    id: int
    place: str
    model: str
    title: str
    created: float
    changed: float
    system: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt to one model and what came of it.

    `seconds` is the time to the whole answer, `first` to its first piece (0.0 where nothing is streamed); `said` why
    there is no answer; `partial` what had come of an answer that is not whole. `tokens` is the server's own count, 0
    where it gave none. Turns with the same `pair`, not 0, put one prompt to several models. `wanted`: how many
    candidates were asked for. A `replaced` turn was edited and sent anew: it is no part of what later prompts go with.
    """

    id: int
    conversation: int
    prompt: str
    state: TurnState
    at: float
    sampling: Sampling | None = None
    candidates: tuple[Candidate, ...] = ()
    seconds: float = 0.0
    said: str = ""
    model: str = ""
    partial: str = ""
    first: float = 0.0
    tokens: int = 0
    pair: int = 0
    wanted: int = 1
    replaced: bool = False

    @property
    def text(self) -> str:
        """The best candidate's text, or what has come so far; "" without any."""
        return self.candidates[0].text if self.candidates else self.partial

    @property
    def tokens_per_second(self) -> float:
        """From the first piece on where pieces came, else of the whole wait; an estimate unless `tokens` is set."""
        spent = self.seconds - self.first
        spent = spent if spent > 0 else self.seconds
        return (self.tokens or len(self.text) / CHARACTERS_A_TOKEN) / spent if spent > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Template:
    """A saved prompt; {words} in braces are filled in when it is used."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation in which a text was found: where (the turn, 0 for the title) and the words around it."""

    conversation: Conversation
    turn: int
    excerpt: str


def history(turns: Sequence[Turn], before: Turn | None = None, model: str = "") -> tuple[tuple[str, str], ...]:
    """Earlier prompts with their answers, which a server that takes messages is sent: answered and not replaced.

    Only those before `before`, and of a comparison only `model`'s side.
    """
    kept = []
    for turn in turns:
        if before is not None and turn.id >= before.id:
            break
        if turn.state is TurnState.ANSWERED and not turn.replaced and (not turn.pair or turn.model == model):
            kept.append((turn.prompt, turn.text))
    return tuple(kept)


def written_out(prompt: str, system: str) -> str:
    """The one text that a server without messages is sent: the system text, a blank line, the prompt."""
    return f"{system.strip()}\n\n{prompt}" if system.strip() else prompt
