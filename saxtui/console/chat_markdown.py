"""A piece of Markdown as lines of styled text. Pure. Parsing is markdown-it's; HTML in it stays text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from saxtui.console.chat_fold import Line, Span, fold, fold_spans, width_of
from saxtui.console.chat_split import Piece

STYLES = ("heading", "strong", "em", "struck", "code", "fence", "quote", "link", "rule", "bullet")
_CODE_LEAD = "  "


class Look:
    """The signs this terminal can show."""

    def __init__(self, *, ascii_only: bool) -> None:
        self.bullet, self.bar, self.dash, self.column = ("*", "|", "-", " | ") if ascii_only else ("•", "▎", "─", " │ ")


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["html_block"])


def piece_lines(piece: Piece, width: int, look: Look) -> list[Line]:
    """One piece folded to `width` cells, with the empty line before it unless it is glued to the one before."""
    lead: list[Line] = [] if piece.glued else [()]
    if piece.code:
        return lead + _fenced(piece.text, piece.language if piece.opens else "", width)
    return lead + markdown_lines(piece.text, width, look)


def markdown_lines(text: str, width: int, look: Look) -> list[Line]:
    """Markdown of any kind, folded to `width` cells."""
    return _Drawing(look).blocks(_parser().parse(text), max(4, width))


def estimate(piece: Piece, width: int) -> int:
    """About how many lines it will take, without drawing it."""
    width = max(4, width)
    return (not piece.glued) + sum(max(1, -(-len(line) // width)) for line in piece.text.split("\n"))


def _fenced(text: str, language: str, width: int) -> list[Line]:
    inner = max(4, width - len(_CODE_LEAD) - 1)
    lines: list[Line] = [((_CODE_LEAD + language[:inner], "fence label"),)] if language else []
    for line in text.split("\n"):
        lines += [_shaded(part, width) for part in _pieces(line, inner)]
    return lines


def _pieces(line: str, width: int) -> list[str]:
    """Code is cut where the width ends, not at spaces."""
    if line.isascii():
        return [line[at : at + width] for at in range(0, len(line), width)] or [""]
    return fold(line, width)


def _shaded(text: str, width: int) -> Line:
    whole = _CODE_LEAD + text
    return ((whole + " " * max(0, width - width_of(((whole, ""),))), "fence"),)


class _Drawing:
    """Walks the parser's tokens once; each method takes the tokens of what it draws."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def blocks(self, tokens: Sequence[Token], width: int) -> list[Line]:
        lines: list[Line] = []
        at, end = 0, -1
        while at < len(tokens):
            token = tokens[at]
            upto = _closing(tokens, at)
            if token.map and lines and token.map[0] > end >= 0:
                lines.append(())
            lines += self._block(token, tokens[at + 1 : upto], width)
            if token.map:
                end = token.map[1] - _blank_at_end(token, tokens[at + 1 : upto])
            at = upto + 1
        return lines

    def _block(self, token: Token, inside: Sequence[Token], width: int) -> list[Line]:
        match token.type:
            case "heading_open":
                return fold_spans(_inline(inside[0], "heading top" if token.tag in ("h1", "h2") else "heading"), width)
            case "paragraph_open":
                return fold_spans(_inline(inside[0]), width)
            case "bullet_list_open" | "ordered_list_open":
                return self._items(token, inside, width)
            case "blockquote_open":
                lead = f"{self._look.bar} "
                return [((lead, "quote"), *_over(line, "quote")) for line in self.blocks(inside, width - 2)]
            case "fence":
                return _fenced(token.content.rstrip("\n"), token.info.split(" ")[0], width)
            case "code_block":
                return _fenced(token.content.rstrip("\n"), "", width)
            case "hr":
                return [((self._look.dash * width, "rule"),)]
            case "table_open":
                return self._table(inside, width)
            case _:
                return fold_spans([(token.content, "")], width) if token.content else []

    def _items(self, opening: Token, inside: Sequence[Token], width: int) -> list[Line]:
        lines: list[Line] = []
        number, at = int(opening.attrs.get("start", 1)), 0
        while at < len(inside):
            upto = _closing(inside, at)
            mark = f"{self._look.bullet} " if opening.type == "bullet_list_open" else f"{number}. "
            body = self.blocks(inside[at + 1 : upto], width - len(mark)) or [()]
            leads = [(mark, "bullet")] + [(" " * len(mark), "")] * (len(body) - 1)
            lines += [(lead, *line) for lead, line in zip(leads, body, strict=True)]
            number, at = number + 1, upto + 1
        return lines

    def _table(self, inside: Sequence[Token], width: int) -> list[Line]:
        rows: list[list[list[Span]]] = []
        head = 0
        for token in inside:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(_inline(token, "strong" if head == 0 else ""))
            elif token.type == "thead_close":
                head = len(rows)
        widths = _widths(rows, width, len(self._look.column))
        lines: list[Line] = []
        for number, row in enumerate(rows):
            lines += self._row(row, widths)
            if number + 1 == head:
                joint = self._look.dash * len(self._look.column)
                lines.append(((joint.join(self._look.dash * size for size in widths), "rule"),))
        return lines

    def _row(self, row: Sequence[Sequence[Span]], widths: Sequence[int]) -> list[Line]:
        cells = [fold_spans(cell, size) for cell, size in zip(row, widths, strict=False)]
        lines: list[Line] = []
        for at in range(max((len(cell) for cell in cells), default=0)):
            spans: list[Span] = []
            for number, (cell, size) in enumerate(zip(cells, widths, strict=False)):
                part = cell[at] if at < len(cell) else ()
                gap = " " * max(0, size - width_of(part))
                spans += [*([(self._look.column, "rule")] if number else []), *part, (gap, "")]
            lines.append(tuple(spans))
        return lines


def _widths(rows: Sequence[Sequence[Sequence[Span]]], width: int, joint: int) -> list[int]:
    """Each column as wide as it wants, the widest made narrower until all fit."""
    count = max((len(row) for row in rows), default=0)
    wanted = [max([1, *(width_of(row[n]) for row in rows if n < len(row))]) for n in range(count)]
    room = max(count * 3, width - joint * max(0, count - 1))
    while sum(wanted) > room:
        widest = max(range(count), key=lambda n: wanted[n])
        others = sorted(wanted)[-2] if count > 1 else 0
        excess = sum(wanted) - room
        wanted[widest] -= min(excess, max(1, wanted[widest] - max(others, 3)))
    return wanted


def _closing(tokens: Sequence[Token], at: int) -> int:
    """Where what begins at `at` ends."""
    depth: int = tokens[at].nesting
    while depth > 0:
        at += 1
        depth += tokens[at].nesting
    return at


def _blank_at_end(token: Token, inside: Sequence[Token]) -> int:
    """Lists count the empty lines after them as theirs."""
    ends = [inner.map[1] for inner in inside if inner.map and inner.type in ("paragraph_open", "fence", "heading_open")]
    return token.map[1] - max(ends) if token.map and ends and token.type.endswith("list_open") else 0


def _inline(token: Token, base: str = "") -> list[Span]:
    """Text with its styles. A link shows where it goes unless its text says so already."""
    spans: list[Span] = []
    styles: list[str] = [base] if base else []
    target = ""
    for child in token.children or ():
        match child.type:
            case "text":
                spans.append((child.content, " ".join(styles)))
            case "code_inline":
                spans.append((child.content, " ".join([*styles, "code"])))
            case "softbreak":
                spans.append((" ", " ".join(styles)))
            case "hardbreak":
                spans.append(("\n", ""))
            case "strong_open" | "em_open" | "s_open":
                styles.append({"strong_open": "strong", "em_open": "em", "s_open": "struck"}[child.type])
            case "strong_close" | "em_close" | "s_close":
                styles.pop()
            case "link_open":
                target = str(child.attrs.get("href", ""))
                styles.append("link")
            case "link_close":
                styles.pop()
                if target and spans and target not in spans[-1][0]:
                    spans.append((f" ({target})", "rule"))
            case "image":
                spans.append((f"[{child.content or 'image'}]", "link"))
            case _:
                spans.append((child.content, " ".join(styles)))
    return spans or [("", base)]


def _over(line: Line, style: str) -> Line:
    return tuple((text, f"{style} {own}".strip()) for text, own in line)
