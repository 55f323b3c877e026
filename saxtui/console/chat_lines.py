"""What stands under a turn, and a conversation as Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from saxtui.console.styling import Glyphs
from saxtui.model.conversation import Conversation, Turn, TurnState
from saxtui.model.serving import Sampling
from saxtui.present.times import clock, moment
from saxtui.present.words import duration


def label(name: str, width: int) -> str:
    """A speaker's name as it stands in front of what was said; nothing where there is no room for names."""
    return f"{name[: max(0, width - 1)]:<{width}}"


def foot(turn: Turn, now: float, glyphs: Glyphs, *, waits: str = "", queued: str = "") -> list[tuple[str, str]]:
    """Lines of (text, role): the facts of an answer, or what became of the prompt. `now` in epoch seconds."""
    match turn.state:
        case TurnState.ANSWERED:
            return [(facts(turn), "dim")]
        case TurnState.QUEUED:
            why = turn.said or queued
            return [(f"{glyphs.pick('○', 'o')} queued, not sent{': ' if why else ''}{why}", "wait")]
        case TurnState.SENT:
            return [_going(turn, now, glyphs, waits)]
        case TurnState.FAILED:
            said = f"{glyphs.pick('✗', 'x')} failed: {turn.said or 'nothing was said'}"
            return [(said, "bad"), ("^r sends it again", "dim")]
        case _:
            what = "no whole answer" if turn.partial else "no answer"
            return [(f"? {what}: {turn.said or 'nothing was said'}", "doubt"), ("^r sends it again", "dim")]


def _going(turn: Turn, now: float, glyphs: Glyphs, waits: str) -> tuple[str, str]:
    spent = duration(now - turn.at)
    if turn.partial:
        rate = estimated_rate(turn)
        return f"{glyphs.pick('◐', '~')} {spent}{rate and ' · ' + rate}   esc stops it", "busy"
    return f"{glyphs.pick('◐', '~')} waiting {spent}{waits and ' · ' + waits}   esc stops waiting", "busy"


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
