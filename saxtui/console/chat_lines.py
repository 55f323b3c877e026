"""What stands before and under what was said. Pure."""

from __future__ import annotations

from saxtui.console.styling import Glyphs
from saxtui.model.conversation import Turn, TurnState
from saxtui.present.chat import estimated_rate, facts
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
