"""A log line, or a group of equal ones, as pieces of text with the names of their styles. No widget here."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment

from saxtui.console.log_level import PLAIN, level, message
from saxtui.console.widgets.roles import role_class
from saxtui.console.widgets.table_layout import fitted
from saxtui.model.cluster import LogLine
from saxtui.present import logs
from saxtui.present.log_fold import Fold, Group, hosts_words
from saxtui.present.log_pattern import LogPattern
from saxtui.present.times import clock

Piece = tuple[str, str]
"""(text, component class)."""
WHO = 14
"""Cells in which a fold says which hosts; a blank follows."""
HUES = tuple(f"log-view--hue-{hue}" for hue in range(12))


@dataclass(frozen=True, slots=True)
class Look:
    """How lines are shown: with times, without prefixes, in ASCII, and how wide the tags are."""

    times: bool = True
    brief: bool = True
    ascii_only: bool = False
    tag_width: int = 3

    @property
    def lead(self) -> int:
        """Cells before the text."""
        return (9 if self.times else 0) + self.tag_width + 3

    def text(self, line: LogLine) -> str:
        """What is shown of a line."""
        if line.gap:
            return f"-- {line.text} --" if self.ascii_only else f"── {line.text} ──"
        return message(line.text) if self.brief else line.text


def lead(line: LogLine, look: Look, group: Group | None) -> list[Piece]:
    """Time, tag and level."""
    sign = PLAIN if group is not None and group.skipped else level(line)
    tag, hue = logs.tag(line), HUES[logs.hue(line)]
    if group is not None and len(group.hosts) != 1:
        tag, hue = ("" if group.skipped else f"x{len(group.hosts)}"), "log-view--count"
    return [
        *([(f"{clock(line.at):<8} ", "log-view--time")] if look.times else []),
        (fitted(tag, look.tag_width) + " ", hue),
        ((sign.ascii if look.ascii_only else sign.glyph) + " ", role_class(sign.role)),
    ]


def body(line: LogLine, look: Look, needle: LogPattern, fold: Fold | None, group: Group | None) -> list[Piece]:
    """The text, searched places apart, and in a fold who said it."""
    if group is not None and group.skipped:
        return [(f"── {group.text} ──", "log-view--time")]
    text, role = look.text(line), role_class(level(line).role)
    pieces: list[Piece] = [] if fold is None or group is None else [_who(fold, group)]
    at = 0
    for start, end in needle.spans(text):
        pieces += [(text[at:start], role), (text[start:end], "log-view--match")]
        at = end
    pieces.append((text[at:], role))
    return pieces


def _who(fold: Fold, group: Group) -> Piece:
    """Which hosts said it, before what they said: the end of a long line is out of sight."""
    if fold.odd(group):
        return (fitted("only this host", WHO) + " ", role_class("warn"))
    words = hosts_words(group.hosts, fold.last) if len(group.hosts) > 1 else ""
    return (fitted(words, WHO) + " ", "log-view--time")


def folded(pieces: list[Piece], width: int) -> list[list[Piece]]:
    """The pieces cut into rows of at most `width` cells; at least one row."""
    rows: list[list[Piece]] = [[]]
    room = width
    for text, style in pieces:
        while text:
            part = _head(text, room)
            if part:
                rows[-1].append((part, style))
                room -= cell_len(part)
                text = text[len(part) :]
            if text:
                rows.append([])
                room = width
    return rows


def cells(pieces: list[Piece]) -> int:
    """How wide the pieces are together."""
    return sum(len(text) if text.isascii() else cell_len(text) for text, _ in pieces)


def sideways(pieces: list[Piece], start: int, room: int, *, ascii_only: bool) -> list[Piece]:
    """The pieces through a window, with a mark at its edge where they go on."""
    if cells(pieces) <= start + room:
        return window(pieces, start, room)
    return [*window(pieces, start, room - 1), (">" if ascii_only else "›", "log-view--time")]


def window(pieces: list[Piece], start: int, room: int) -> list[Piece]:
    """What of the pieces is seen through `room` cells from cell `start` on; half a wide character is a blank."""
    shown = []
    for text, style in pieces:
        if text.isascii():
            length, part = len(text), text[start : start + max(0, room)]
        else:
            length = cell_len(text)
            part = Segment(text).split_cells(start)[1].split_cells(room)[0].text if start < length and room > 0 else ""
        start = max(0, start - length)
        room -= cell_len(part)
        shown.append((part, style))
    return shown


def _head(text: str, room: int) -> str:
    """As much of the beginning as fits into `room` cells."""
    if text.isascii():
        return text[: max(0, room)]
    taken = 0
    for at, char in enumerate(text):
        taken += cell_len(char)
        if taken > room:
            return text[:at]
    return text
