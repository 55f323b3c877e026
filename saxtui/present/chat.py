"""A conversation in words: facts of an answer, what a prompt waits for, the whole as Markdown. Pure; both doors."""

from __future__ import annotations

import re
from collections.abc import Sequence

from saxtui.model.conversation import Conversation, Turn, TurnState
from saxtui.model.serving import Sampling
from saxtui.model.talk import Abilities
from saxtui.present.times import clock, moment
from saxtui.present.words import duration


def waiting_words(said: str, since: float, usual: tuple[float, float] | None, now: float) -> str:
    """ "/sax/test/spmd is loading, 2:10 so far, usually 9:00 to 10:00". Times in seconds, `since` and `now` epoch."""
    parts = [said]
    if since:
        parts.append(f"{duration(max(0.0, now - since))} so far")
    if usual is not None:
        parts.append(f"usually {duration(usual[0])} to {duration(usual[1])}")
    return ", ".join(parts)


def ability_words(abilities: Abilities) -> str:
    """What a server's chat can and cannot do, in one line."""
    parts = [abilities.why] if abilities.why else []
    if not abilities.messages:
        parts.append("it keeps no conversation: each prompt stands alone")
    return "; ".join(parts)


def compare_words(abilities: Abilities | None) -> str:
    """How the two models of a comparison are asked."""
    if abilities is None:
        return ""
    if abilities.one_at_a_time:
        return "one request at a time: the two models are asked one after the other"
    return "both models are asked at once"


def facts(turn: Turn) -> str:
    """Latency, speed (marked as an estimate unless the server counted), score and parameters."""
    parts = [f"{turn.seconds:.1f} s"]
    if turn.first:
        parts.append(f"first after {turn.first:.1f} s")
    if rate := estimated_rate(turn):
        parts.append(rate)
    if turn.candidates and turn.candidates[0].score is not None:
        parts.append(f"score {turn.candidates[0].score:.1f}")
    if turn.sampling and (asked := sampling_words(turn.sampling)):
        parts.append(asked)
    return " · ".join([*parts, clock(turn.at)])


def estimated_rate(turn: Turn) -> str:
    """ "about 31 tok/s (estimate)": four characters a token, unless the server counted them."""
    if not turn.text or turn.tokens_per_second <= 0:
        return ""
    if turn.tokens:
        return f"{turn.tokens_per_second:.0f} tok/s ({turn.tokens} counted by the server)"
    return f"about {turn.tokens_per_second:.0f} tok/s (estimate)"


def sampling_words(sampling: Sampling) -> str:
    """ "temperature 0.5, top-k 200": only what was set."""
    values = (
        ("temperature", sampling.temperature), ("top-k", sampling.top_k), ("top-p", sampling.top_p),
        ("max steps", sampling.max_steps),
    )  # fmt: skip
    return ", ".join(f"{name} {value:g}" for name, value in values if value is not None)


def markdown(conversation: Conversation, turns: Sequence[Turn]) -> str:
    """The whole conversation as Markdown; what was said stands in fences, so nothing in it is taken for markup."""
    parts = [
        f"# {conversation.title or 'Conversation'}", "",
        f"Model `{conversation.model}`, begun {moment(conversation.created)}.", "",
    ]  # fmt: skip
    if conversation.system:
        parts += ["System text:", "", *_fenced(conversation.system), ""]
    for turn in turns:
        model = f" ({turn.model})" if turn.model and turn.model != conversation.model else ""
        parts += [f"## {moment(turn.at)}{model}", "", "Prompt:", "", *_fenced(turn.prompt), ""]
        if turn.state is not TurnState.ANSWERED:
            parts += [f"No answer ({turn.state.value}):", "", *_fenced(turn.said), ""]
            if turn.partial:
                parts += ["What had come of it:", "", *_fenced(turn.partial), ""]
            continue
        parts += [f"Answer ({facts(turn)}):", "", *_fenced(turn.text), ""]
        for item in turn.candidates[1:]:
            score = "" if item.score is None else f" with score {item.score:.2f}"
            parts += [f"Candidate{score}:", "", *_fenced(item.text), ""]
    return "\n".join(parts)


def _fenced(text: str) -> list[str]:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=2)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", text, fence]
