"""A conversation as JSON, out and in again. Pure; what comes in is outside text and passes the sanitizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from saxtui.errors import Problem, UsageProblem
from saxtui.model.conversation import OPEN, Conversation, Turn, TurnState
from saxtui.model.serving import Candidate, Sampling
from saxtui.model.text import safe, safe_block

FORMAT = "saxtui-conversation/1"


def to_json(conversation: Conversation, turns: Sequence[Turn]) -> dict[str, Any]:
    """Everything that is known of it, without the numbers it has in our own file."""
    head = asdict(conversation)
    del head["id"]
    rows = []
    for turn in turns:
        row = asdict(turn)
        del row["id"], row["conversation"]
        rows.append(row | {"state": turn.state.value})
    return {"format": FORMAT, **head, "turns": rows}


def from_json(body: Any, source: str) -> tuple[Conversation, tuple[Turn, ...]]:
    """The conversation and its turns, both with id 0. Raises UsageProblem that names the turn and what is wrong.

    A prompt that was queued or on its way elsewhere comes in as unanswered: reading a file never sends anything.
    """
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise _wrong(source, f"is not a conversation in the format {FORMAT}")
    try:
        head = Conversation(
            id=0, place=safe(body.get("place", "")), model=safe(body.get("model", "")),
            title=safe(body.get("title", ""), 200), created=float(body["created"]), changed=float(body["changed"]),
            system=safe_block(body.get("system", "")),
        )  # fmt: skip
        rows = list(body["turns"])
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(source, _said(error)) from None
    return head, tuple(_turn(row, f"{source}, turn {number}") for number, row in enumerate(rows, 1))


def _turn(row: Any, source: str) -> Turn:
    if not isinstance(row, dict):
        raise _wrong(source, "is not an object")
    try:
        state = TurnState(row["state"])
        said = safe(row.get("said", ""))
        if state in OPEN:
            state, said = TurnState.UNANSWERED, safe("was not answered when it was exported")
        return Turn(
            id=0, conversation=0, prompt=safe_block(row["prompt"]), state=state, at=float(row["at"]),
            sampling=sampling_of(row.get("sampling")),
            candidates=tuple(_candidate(item) for item in row.get("candidates") or ()),
            seconds=float(row.get("seconds", 0)), said=said, model=safe(row.get("model", "")),
            partial=safe_block(row.get("partial", "")), first=float(row.get("first", 0)),
            tokens=int(row.get("tokens", 0)), pair=int(row.get("pair", 0)), wanted=int(row.get("wanted", 1)),
            replaced=bool(row.get("replaced", False)),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(source, _said(error)) from None


def _candidate(item: Any) -> Candidate:
    score = item.get("score")
    return Candidate(safe_block(item["text"]), None if score is None else float(score))


def sampling_of(row: Mapping[str, Any] | None) -> Sampling | None:
    """Parameters as they are written; None for none. Raises TypeError or ValueError for another shape."""
    if not row:
        return None
    temperature, top_k, top_p, max_steps = (row.get(name) for name in ("temperature", "top_k", "top_p", "max_steps"))
    return Sampling(
        temperature=None if temperature is None else float(temperature),
        top_k=None if top_k is None else int(top_k),
        top_p=None if top_p is None else float(top_p),
        max_steps=None if max_steps is None else int(max_steps),
    )


def _said(error: Exception) -> str:
    return f"has no {error}" if isinstance(error, KeyError) else f"has a value of the wrong kind: {safe(error, 200)}"


def _wrong(source: str, said: str) -> UsageProblem:
    return UsageProblem(Problem("import", safe(source), said, next_step="give a file that saxtui exported as JSON"))
