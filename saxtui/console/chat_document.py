"""A conversation laid out: which line of which part stands where. Pure.

Only what is in view is drawn; heights elsewhere are estimates. When a drawn part turns out higher or lower than was
thought, `show` moves the view with it, so that what is being read stays where it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, groupby

from saxtui.console.chat_fold import Line
from saxtui.console.chat_parts import PairBlock, Part, Scene, TurnBlock
from saxtui.model.conversation import OPEN, Turn

KEPT_DRAWN = 600
"""Parts whose lines are kept; more are drawn again when they come into view."""
Block = TurnBlock | PairBlock


class Document:
    """`name_of` gives a model's short name. Lines are counted from 0; `width` in cells."""

    def __init__(self, name_of: Callable[[Turn], str]) -> None:
        self._name_of = name_of
        self.width = 0
        self.turns: tuple[Turn, ...] = ()
        self.blocks: list[Block] = []
        self._by_turn: dict[int, Block] = {}
        self._parts: list[Part] = []
        self._starts: list[int] = [0]
        self._drawn: dict[Part, None] = {}

    @property
    def height(self) -> int:
        """Lines in all, as far as is known."""
        return self._starts[-1]

    def put(self, turns: Sequence[Turn], scene: Scene, width: int) -> None:
        """Lay these turns out, keeping what did not change."""
        known = {turn.id: turn for turn in self.turns}
        self.turns, again = tuple(turns), width != self.width
        blocks: list[Block] = []
        for _, group in groupby(turns, key=lambda turn: turn.pair or -turn.id):
            blocks += self._blocks(tuple(group), scene, width, known, again)
        self.blocks, self.width = blocks, width
        self._by_turn = {}
        for block in blocks:
            for side in block.sides if isinstance(block, PairBlock) else (block,):
                self._by_turn[side.turn.id] = block
        self.index()

    def _blocks(
        self, turns: tuple[Turn, ...], scene: Scene, width: int, known: Mapping[int, Turn], again: bool
    ) -> list[Block]:
        beside = PairBlock.fits(turns, width)
        old = self._by_turn.get(turns[0].id)
        if beside:
            if isinstance(old, PairBlock) and not again:
                if any(known.get(turn.id) != turn for turn in turns):
                    self._change(old, turns, scene)
                return [old]
            left, right = (TurnBlock(turn, self._name_of(turn), scene, prompt=False, lead=0) for turn in turns)
            return [PairBlock(left, right, scene)]
        made: list[Block] = []
        for number, turn in enumerate(turns):
            old = self._by_turn.get(turn.id)
            if not isinstance(old, TurnBlock):
                made.append(TurnBlock(turn, self._name_of(turn), scene, prompt=number == 0))
                continue
            if known.get(turn.id) != turn:
                old.update(turn, scene)
            made.append(old)
        return made

    @staticmethod
    def _change(block: PairBlock, turns: tuple[Turn, ...], scene: Scene) -> None:
        for side, turn in zip(block.sides, turns, strict=True):
            side.update(turn, scene)
        block.assemble()

    def update(self, turns: Sequence[Turn], scene: Scene) -> None:
        """Newer states of turns that are laid out already: an answer that grows, a wait that goes on."""
        newer = {turn.id: turn for turn in turns}
        self.turns = tuple(newer.get(turn.id, turn) for turn in self.turns) if newer else self.turns
        for turn in turns:
            block = self._by_turn.get(turn.id)
            if isinstance(block, PairBlock):
                pair = tuple(newer.get(side.turn.id, side.turn) for side in block.sides)
                self._change(block, pair, scene)
            elif block is not None:
                block.update(turn, scene)
        self.index()

    @property
    def alive(self) -> list[Turn]:
        """Turns whose picture changes by the mere passing of time."""
        return [turn for turn in self.turns[-50:] if turn.state in OPEN]

    def index(self) -> None:
        """Where every part stands, after blocks changed."""
        self._parts = [part for block in self.blocks for part in block.parts]
        for part in self._parts:
            if part.width != self.width:
                part.lay(self.width)
        self._starts = list(accumulate((part.height for part in self._parts), initial=0))

    # -- the view
    def show(self, top: int, rows: int) -> int:
        """Draw what is in view of `rows` lines from `top` on; returns where that view begins now."""
        top = max(0, min(top, self.height - rows))
        for _ in range(200):
            anchor, offset = self._anchor(top, rows)
            if not self._draw(top, rows):
                return top
            top = self._moved(anchor, offset)
            top = max(0, min(top, self.height - rows))
        return top

    def show_end(self, rows: int) -> int:
        """Draw the last `rows` lines; returns where they begin."""
        return self._settled_end(rows)

    def _settled_end(self, rows: int) -> int:
        for _ in range(200):
            top = max(0, self.height - rows)
            if not self._draw(top, rows):
                return top
        return max(0, self.height - rows)

    def _draw(self, top: int, rows: int) -> bool:
        """Draw what stands there now; whether that moved anything."""
        moved = False
        at = self._at(top)
        if self._open(self._parts[at : bisect_right(self._starts, top + rows)]):
            return True
        while at < len(self._parts) and self._starts[at] < top + rows:
            part = self._parts[at]
            if part.lines is None:
                height = part.height
                part.settle(self.width)
                moved = moved or part.height != height
            self._drawn.pop(part, None)
            self._drawn[part] = None
            at += 1
        if moved:
            self.index()
        self._forget()
        return moved

    def _open(self, parts: Sequence[Part]) -> bool:
        """Open what comes into view for the first time; whether anything did."""
        closed = {part.turn: self._by_turn[part.turn] for part in parts if not self._by_turn[part.turn].opened}
        for block in closed.values():
            block.open()
        if closed:
            self.index()
        return bool(closed)

    def _forget(self) -> None:
        while len(self._drawn) > KEPT_DRAWN:
            part = next(iter(self._drawn))
            del self._drawn[part]
            part.lines = None

    def _anchor(self, top: int, rows: int) -> tuple[Part | None, int]:
        """The first part in view whose height is certain, and how far above (-) or below the top it begins."""
        at = self._at(top)
        while at < len(self._parts) and self._starts[at] < top + rows:
            if self._parts[at].measured:
                return self._parts[at], self._starts[at] - top
            at += 1
        at = self._at(top)
        return (self._parts[at], self._starts[at] - top) if at < len(self._parts) else (None, 0)

    def _moved(self, anchor: Part | None, offset: int) -> int:
        if anchor is None:
            return 0
        start = self.start_of(anchor)
        if start is not None:
            return start - max(offset, 1 - anchor.height)
        block = self._by_turn.get(anchor.turn)
        first = self.start_of(block.parts[0]) if block is not None and block.parts else None
        return (first or 0) - offset

    def _at(self, line: int) -> int:
        return max(0, bisect_right(self._starts, max(0, line)) - 1)

    def start_of(self, part: Part) -> int | None:
        """The line a part begins at; None when it is not laid out."""
        try:
            return self._starts[self._parts.index(part)]
        except ValueError:
            return None

    def line(self, number: int) -> tuple[Part, Line] | None:
        """One line and the part it is of; None behind the end."""
        at = self._at(number)
        if at >= len(self._parts):
            return None
        part = self._parts[at]
        lines = part.lines
        offset = number - self._starts[at]
        return part, (lines[offset] if lines is not None and offset < len(lines) else ())

    def turn_at(self, line: int) -> int:
        """The id of the turn that line belongs to, 0 for none."""
        at = self._at(line)
        return self._parts[at].turn if at < len(self._parts) else 0

    def span(self, turn: int) -> tuple[int, int]:
        """The lines a turn takes: the first, and the one behind its last."""
        block = self._by_turn.get(turn)
        if block is None or not block.parts:
            return 0, 0
        start = self.start_of(block.parts[0]) or 0
        return start, start + sum(part.height for part in block.parts)

    # -- search
    def find(self, needle: str, turn: int, *, backwards: bool) -> int | None:
        """The next turn that holds `needle` after (or before) the one with that id, around the end; None for none."""
        needle = needle.casefold()
        ids = [one.id for one in self.turns]
        if not needle or not ids:
            return None
        at = ids.index(turn) if turn in ids else (0 if backwards else -1)
        step = -1 if backwards else 1
        for distance in range(1, len(ids) + 1):
            found = self.turns[(at + step * distance) % len(ids)]
            if needle in found.prompt.casefold() or needle in found.text.casefold():
                return found.id
        return None

    def place(self, needle: str, turn: int) -> int:
        """The line in a turn that holds `needle`, as far as its parts are laid out; else the turn's first line."""
        block = self._by_turn.get(turn)
        if block is None:
            return 0
        if not block.opened:
            block.open()
            self.index()
        needle = needle.casefold()
        for part in block.parts:
            if needle in part.text.casefold():
                lines = part.settle(self.width)
                self.index()
                start = self.start_of(part) or 0
                texts = ("".join(text for text, _ in line).casefold() for line in lines)
                return start + next((n for n, text in enumerate(texts) if needle in text), 0)
        return self.span(turn)[0]
