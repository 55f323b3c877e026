"""One prompt, one answer, and what a server's chat can do: the words every model server is spoken to in. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.model.serving import Candidate, Sampling


@dataclass(frozen=True, slots=True)
class Ask:
    """One prompt on its way to a model; what a server cannot take of it is refused, never dropped in silence.

    `model` "" means the server's first. `system` and `history` (earlier prompts with their answers) only where
    `Abilities.messages`; elsewhere the caller writes them into the prompt. `candidates` is how many answers to ask
    for, where `Abilities.count`. `timeout` in real seconds: of the whole answer, or of the wait for each next piece.
    """

    prompt: str
    model: str = ""
    sampling: Sampling | None = None
    system: str = ""
    history: tuple[tuple[str, str], ...] = ()
    candidates: int = 1
    timeout: float = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, best candidate first. `tokens` is the server's own count, None where it does not tell.

    `seconds` from sending to the end, on the deployment's clock (real ones without a deployment).
    """

    candidates: tuple[Candidate, ...]
    tokens: int | None = None
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """The best candidate's text."""
        return self.candidates[0].text if self.candidates else ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer on its way: `text` to append to that candidate. The last piece carries the whole answer."""

    text: str = ""
    candidate: int = 0
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server can do for a prompt. `parameters` are names of Sampling's fields; `why` says what is missing.

    `streams`: text comes as it is made (else one last piece brings all). `messages`: takes system text and history.
    `count`: can be asked for several candidates. `scores`: candidates carry one. `one_at_a_time`: a second request
    waits behind the first, whatever it asks.
    """

    streams: bool = False
    messages: bool = False
    count: bool = False
    scores: bool = False
    one_at_a_time: bool = False
    parameters: frozenset[str] = frozenset()
    server: str = ""
    why: str = ""
