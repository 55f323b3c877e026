"""One turn of a conversation as lines of (text, role), folded to a width; and a conversation as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from saxtui.console.styling import Glyphs
from saxtui.model.conversation import Conversation, Turn, TurnState
from saxtui.model.serving import Candidate, Sampling
from saxtui.present.times import clock, moment
from saxtui.present.words import duration

LABEL = 9
Line = tuple[tuple[str, str], ...]


def fold(text: str, width: int) -> list[str]:
    """`text` folded at spaces into lines of at most `width` cells; longer words are cut."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if cell_len(longer) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            parts = chop_cells(word, max(1, width)) or [""]
            lines.extend(parts[:-1])
            line = parts[-1]
        lines.append(line)
    return lines


def turn_lines(turn: Turn, name: str, width: int, now: float, *, glyphs: Glyphs, expanded: bool) -> list[Line]:
    """The prompt, then the answer of `name` or what became of it. `now` in epoch seconds."""
    name = name[: LABEL - 1]
    lines = [*_spoken("you", "accent", turn.prompt, width, "strong")]
    if turn.state is TurnState.ANSWERED:
        lines += _spoken(name, "ok", turn.text or "(an empty answer)", width, "" if turn.text else "dim")
        lines += _candidates(turn.candidates[1:], width, glyphs, expanded=expanded)
        lines.append(((" " * LABEL, ""), (facts(turn), "dim")))
    elif turn.state is TurnState.SENT:
        waiting = f"{glyphs.pick('◐', '~')} waiting {duration(now - turn.at)}  esc stops waiting"
        lines.append(((f"{name:<{LABEL}}", "dim"), (waiting, "busy")))
    else:
        failed = turn.state is TurnState.FAILED
        mark = glyphs.pick("✗", "x") if failed else "?"
        said = f"{mark} {'failed' if failed else 'no answer'}: {turn.said or 'nothing was said'}"
        lines += _spoken(name, "bad" if failed else "doubt", said, width, "bad" if failed else "doubt")
        lines.append(((" " * LABEL, ""), ("^r sends it again", "dim")))
    return lines


def _spoken(label: str, label_role: str, text: str, width: int, role: str) -> list[Line]:
    parts = fold(text, max(10, width - LABEL))
    labels = [f"{label:<{LABEL}}"] + [" " * LABEL] * (len(parts) - 1)
    return [((lead, label_role), (part, role)) for lead, part in zip(labels, parts, strict=True)]


def _candidates(others: Sequence[Candidate], width: int, glyphs: Glyphs, *, expanded: bool) -> list[Line]:
    if not others:
        return []
    if not expanded:
        scores = " ".join(f"{item.score:.1f}" for item in others[:6] if item.score is not None)
        mark = glyphs.pick("▸", ">")
        count = f"{len(others)} more candidate{'s' if len(others) > 1 else ''}"
        return [((" " * LABEL, ""), (f"{mark} {count}" + (f", scores {scores}" if scores else ""), "dim"))]
    lines: list[Line] = []
    for item in others:
        lines += _spoken("" if item.score is None else f"{item.score:>7.1f}", "dim", item.text, width, "dim")
    return lines


def facts(turn: Turn) -> str:
    """Latency, an estimate of speed (four characters a token), score and parameters."""
    parts = [f"{turn.seconds:.1f} s"]
    if turn.seconds > 0 and turn.text:
        parts.append(f"about {len(turn.text) / 4 / turn.seconds:.0f} tok/s")
    if turn.candidates and turn.candidates[0].score is not None:
        parts.append(f"score {turn.candidates[0].score:.1f}")
    if turn.sampling and (asked := sampling_words(turn.sampling)):
        parts.append(asked)
    return " · ".join([*parts, clock(turn.at)])


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
    for turn in turns:
        parts += [f"## {moment(turn.at)}", "", "Prompt:", "", *_fenced(turn.prompt), ""]
        if turn.state is not TurnState.ANSWERED:
            parts += [f"No answer ({turn.state.value}):", "", *_fenced(turn.said), ""]
            continue
        parts += [f"Answer ({facts(turn)}):", "", *_fenced(turn.text), ""]
        for item in turn.candidates[1:]:
            score = "" if item.score is None else f" with score {item.score:.2f}"
            parts += [f"Candidate{score}:", "", *_fenced(item.text), ""]
    return "\n".join(parts)


def _fenced(text: str) -> list[str]:
    longest, run = 2, 0
    for char in text:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    fence = "`" * (longest + 1)
    return [f"{fence}text", text, fence]
