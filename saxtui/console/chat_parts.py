"""A turn as parts: the units in which a conversation is laid out and drawn. Pure.

A part is drawn when it comes into view and not before; until then its height is estimated. Parts of a reply that are
settled stay the same objects while the reply grows, so what was drawn of them stays drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from saxtui.console.chat_fold import Line, fold, width_of
from saxtui.console.chat_lines import foot, label
from saxtui.console.chat_markdown import Look, estimate, markdown_lines, piece_lines
from saxtui.console.chat_split import LONGEST, Piece, Splitter
from saxtui.console.styling import Glyphs
from saxtui.model.conversation import Turn, TurnState

LABEL = 9
SIDE_BY_SIDE = 84
"""Cells from which two answers stand beside each other."""
_LONGEST_BESIDE = 65_536
"""Characters up to which they do: longer ones stand one under the other, where only what is in view is drawn."""
SOON = 16_384
"""Characters that are split at once; more is split in slices (ReplyParts.work)."""
_SLICE = 8_192


@dataclass(eq=False)
class Part:
    """Some lines of one turn. `draw` and `guess` take the width in cells; `text` is what a search looks through."""

    turn: int
    text: str
    draw: Callable[[int], list[Line]]
    guess: Callable[[int], int]
    height: int = 0
    width: int = 0
    lines: list[Line] | None = None
    measured: bool = False

    def settle(self, width: int) -> list[Line]:
        """The lines at this width, drawn if they are not yet."""
        if self.lines is None or self.width != width:
            self.lines = self.draw(width)
            self.height, self.width, self.measured = len(self.lines), width, True
        return self.lines

    def lay(self, width: int) -> None:
        """Know a height for this width: the real one if it was drawn, else about."""
        if self.width != width:
            self.height, self.width, self.measured, self.lines = self.guess(width), width, False, None


@dataclass(frozen=True, slots=True)
class Scene:
    """What drawing turns depends on beside them. `waits` is said while nothing streams; `now` in epoch seconds."""

    glyphs: Glyphs
    look: Look
    now: float = 0.0
    waits: str = ""
    queued: str = ""
    expanded: frozenset[int] = frozenset()


def fixed(turn: int, lines: list[Line], text: str = "") -> Part:
    """A part whose lines depend on no width."""
    return Part(turn, text, lambda _width: lines, lambda _width: len(lines))


def gap(turn: int) -> Part:
    """An empty line between turns."""
    return fixed(turn, [()])


class ReplyParts:
    """A reply's Markdown as parts; grows with it. `lead` cells stay free at the left, the label in the first line."""

    def __init__(self, turn: int, name: str, look: Look, lead: int) -> None:
        self._turn, self._name, self._look, self._lead = turn, name, look, lead
        self._splitter = Splitter()
        self._taken = ""
        self._waiting = ""
        self.settled: list[Part] = []
        self.parts: list[Part] = []

    def put(self, text: str) -> None:
        """Show this text; what begins with what was shown before only adds to it."""
        shown = self._taken + self._waiting
        if not text.startswith(shown):
            self._splitter, self._taken, self._waiting, self.settled, shown = Splitter(), "", "", [], ""
        more = text[len(shown) :]
        if self._waiting or len(more) > SOON:
            self._waiting += more
            self._show([self._placeholder()])
            return
        self._take(more)

    @property
    def working(self) -> bool:
        """Whether there is text that is not laid out yet."""
        return bool(self._waiting)

    def work(self) -> bool:
        """Take one slice of what is too long for once in; whether there is more to do."""
        if not self._waiting:
            return False
        more, self._waiting = self._waiting[:_SLICE], self._waiting[_SLICE:]
        self._splitter.feed(more)
        self._taken += more
        if not self._waiting:
            self._take("")
        return bool(self._waiting)

    def _take(self, more: str) -> None:
        self._splitter.feed(more)
        self._taken += more
        self.settled += [
            self._part(piece, first=number == 0)
            for number, piece in enumerate(self._splitter.pieces[len(self.settled) :], len(self.settled))
        ]
        tail = self._splitter.tail
        self._show([self._part(piece, first=not self.settled and n == 0) for n, piece in enumerate(tail)])

    def _show(self, tail: list[Part]) -> None:
        self.parts = [*self.settled, *tail]

    def _placeholder(self) -> Part:
        size, said = len(self._waiting), f"laying out {len(self._waiting) / 1e6:.1f} MB ..."
        lead = label(self._name, self._lead)

        def guess(width: int) -> int:
            return max(1, size // max(4, width - self._lead))

        return Part(self._turn, "", lambda width: [((lead, "ok"), (said, "dim")), *([()] * (guess(width) - 1))], guess)

    def _part(self, piece: Piece, *, first: bool) -> Part:
        def draw(width: int) -> list[Line]:
            lines = piece_lines(piece, width - self._lead, self._look)
            return led(lines, label(self._name, self._lead) if first else "", "ok", self._lead)

        return Part(self._turn, piece.text, draw, lambda width: estimate(piece, width - self._lead))


class TurnBlock:
    """One turn: prompt, reply, foot and an empty line. Until it is opened it is one part of about the right height.

    In a column of a comparison it has neither `prompt` nor a `lead` for names; below another answer it has no prompt.
    """

    def __init__(self, turn: Turn, name: str, scene: Scene, *, prompt: bool = True, lead: int = LABEL) -> None:
        self.turn, self.name, self.scene = turn, name, scene
        self.opened = False
        self._prompt, self._lead = prompt, lead
        self._reply: ReplyParts | None = None
        self._above: list[Part] = []
        self.parts: list[Part] = [Part(turn.id, "", self._unseen, self._guess)]

    def update(self, turn: Turn, scene: Scene) -> None:
        """The turn's newest state."""
        renewed = turn.replaced != self.turn.replaced or turn.prompt != self.turn.prompt
        self.turn, self.scene = turn, scene
        if self.opened:
            if renewed:
                self._above = prompt_parts(turn) if self._prompt else []
            self._build()

    def open(self) -> None:
        """Come into view: have the parts that are drawn."""
        if not self.opened:
            self.opened = True
            self._above = prompt_parts(self.turn) if self._prompt else []
            self._reply = ReplyParts(self.turn.id, self.name, self.scene.look, self._lead)
            self._build()

    @property
    def working(self) -> bool:
        """Whether a reply too long for once is still being laid out."""
        return self._reply is not None and self._reply.working

    def work(self) -> bool:
        """One slice of laying a long reply out; whether there is more to do."""
        if self._reply is None or self._reply.work():
            return True
        self._assemble(self._reply)
        return False

    def _build(self) -> None:
        assert self._reply is not None
        empty = self.turn.state is TurnState.ANSWERED and not self.turn.text
        self._reply.put("(an empty answer)" if empty else self.turn.text)
        self._assemble(self._reply)

    def _assemble(self, reply: ReplyParts) -> None:
        tail = [gap(self.turn.id)] if self._lead else []
        self.parts = [*self._above, *reply.parts, *self._foot(named=not reply.parts), *tail]

    def _foot(self, *, named: bool) -> list[Part]:
        turn, scene, lead, name = self.turn, self.scene, self._lead, self.name

        def draw(width: int) -> list[Line]:
            lines: list[Line] = []
            for said, role in foot(turn, scene.now, scene.glyphs, waits=scene.waits, queued=scene.queued):
                lines += [((part, role),) for part in fold(said, max(10, width - lead))]
            return led(lines, label(name if named else "", lead), "dim", lead)

        parts = _candidates(turn, scene, lead) if turn.state is TurnState.ANSWERED else []
        return [*parts, Part(turn.id, turn.said, draw, lambda width: len(draw(width)))]

    def _unseen(self, width: int) -> list[Line]:
        return [()] * self._guess(width)

    def _guess(self, width: int) -> int:
        prompt = _about(self.turn.prompt, width - LABEL) if self._prompt else 0
        return prompt + _about(self.turn.text, width - self._lead) + 2


class PairBlock:
    """Two answers to one prompt, beside each other."""

    def __init__(self, left: TurnBlock, right: TurnBlock, scene: Scene) -> None:
        self.sides = (left, right)
        self.opened = True
        self.working = False
        self._prompt = prompt_parts(left.turn)
        self._bar = scene.look.column
        self.parts: list[Part] = []
        self.open()

    def open(self) -> None:
        """Have the parts that are drawn."""
        for side in self.sides:
            side.open()
        self.assemble()

    @property
    def turn(self) -> Turn:
        """The first side's."""
        return self.sides[0].turn

    def assemble(self) -> None:
        """After a side changed."""
        first = self.sides[0].turn.id
        text = "\n".join(side.turn.text for side in self.sides)
        beside = Part(first, text, self._beside, self._guess)
        self.parts = [*self._prompt, beside, gap(first)]

    def _guess(self, width: int) -> int:
        each = (width - len(self._bar)) // 2
        return 1 + max(sum(part.guess(each) for part in side.parts) for side in self.sides)

    def _beside(self, width: int) -> list[Line]:
        each = (width - len(self._bar)) // 2
        columns = []
        for side in self.sides:
            head: Line = ((side.name[:each], "strong"),)
            columns.append([head, *(line for part in side.parts for line in part.settle(each))])
        lines: list[Line] = []
        for at in range(max(map(len, columns))):
            cells = [column[at] if at < len(column) else () for column in columns]
            room = max(0, each - width_of(cells[0]))
            lines.append((*cells[0], (" " * room, ""), (self._bar, "rule"), *cells[1]))
        return lines

    @staticmethod
    def fits(turns: Sequence[Turn], width: int) -> bool:
        """Whether these answers can stand side by side."""
        return len(turns) == 2 and width >= SIDE_BY_SIDE and all(len(turn.text) <= _LONGEST_BESIDE for turn in turns)


def prompt_parts(turn: Turn) -> list[Part]:
    """What was asked: plain text, in parts when it is long."""
    style = "dim" if turn.replaced else "strong"
    parts = []
    for number, text in enumerate(_plain(turn.prompt)):

        def draw(width: int, text: str = text, name: str = "" if number else "you") -> list[Line]:
            lines: list[Line] = [((part, style),) for part in fold(text, max(10, width - LABEL))]
            return led(lines, label(name, LABEL), "accent", LABEL)

        parts.append(Part(turn.id, text, draw, lambda width, text=text: _about(text, width - LABEL)))  # type: ignore[misc]
    if turn.replaced:
        parts.append(fixed(turn.id, [((" " * LABEL, ""), ("edited and sent again below", "dim"))]))
    return parts


def led(lines: Sequence[Line], name: str, role: str, lead: int) -> list[Line]:
    """Lines moved right by `lead` cells, the name in front of the first that is not empty."""
    if not lead:
        return list(lines)
    blank = (" " * lead, "")
    moved: list[Line] = [(blank, *line) if line else () for line in lines]
    if name:
        at = next((n for n, line in enumerate(lines) if line), 0)
        moved[at] = ((name, role), *lines[at]) if lines else ((name, role),)
    return moved


def _candidates(turn: Turn, scene: Scene, lead: int) -> list[Part]:
    others = turn.candidates[1:]
    if not others:
        return []
    count = f"{len(others)} more candidate{'s' if len(others) > 1 else ''}"
    if turn.id not in scene.expanded:
        scores = " ".join(f"{item.score:.1f}" for item in others[:6] if item.score is not None)
        said = f"{scene.glyphs.pick('▸', '>')} {count}{scores and ', scores ' + scores}"
        return [fixed(turn.id, led([((said, "dim"),)], "", "", lead))]
    parts = []
    for number, item in enumerate(others, 2):
        title = f"candidate {number}" + ("" if item.score is None else f", score {item.score:.2f}")
        parts.append(fixed(turn.id, led([((title, "dim"),)], "", "", lead)))

        def draw(width: int, text: str = item.text[: LONGEST * 8]) -> list[Line]:
            return led(markdown_lines(text, width - lead, scene.look), "", "", lead)

        parts.append(Part(turn.id, item.text, draw, lambda width, text=item.text: _about(text, width - lead)))  # type: ignore[misc]
    return parts


def _about(text: str, width: int) -> int:
    return text.count("\n") + 1 + len(text) // max(10, width)


def _plain(text: str) -> list[str]:
    """A text in parts of bounded length, cut at its line feeds, or in the middle of endless lines."""
    if len(text) <= 2 * LONGEST:
        return [text]
    parts: list[str] = []
    held: list[str] = []
    size = 0
    for line in text.split("\n"):
        if held and size + len(line) > LONGEST:
            parts.append("\n".join(held))
            held, size = [], 0
        while len(line) > LONGEST:
            parts.append(line[:LONGEST])
            line = line[LONGEST:]
        held.append(line)
        size += len(line) + 1
    return [*parts, "\n".join(held)] if held else parts
