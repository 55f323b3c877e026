"""Text nobody should let near a terminal, made by a grammar of ECMA-48 and from random code points. Seeded."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator

FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_INTRODUCERS = {
    "csi": ("\x1b[", "\x9b"), "osc": ("\x1b]", "\x9d"), "dcs": ("\x1bP", "\x90"), "apc": ("\x1b_", "\x9f"),
    "pm": ("\x1b^", "\x9e"), "sos": ("\x1bX", "\x98"),
}  # fmt: skip
_TERMINATORS = ("\x1b\\", "\x9c", "\x07", "")
_PAYLOADS = (
    "52;c;cm0gLXJmIC8=", "0;title", "8;;http://x.example/", "2J", "6n", "?1049l", "?1000h", "31m", "c", "!p", "1;1H",
    "$qm", "+q544e", "G;payload", "4;1;?", "10;?", "50;font", "777;notify;a;b", "1337;File=:AAAA", "18t", "21t", "5i",
)  # fmt: skip
_SINGLES = (
    "\x00\x01\x05\x07\x08\x0b\x0c\x0e\x0f\x11\x13\x18\x1a\x1b\x1c\x7f\r\x84\x85\x88\x8d\x8e\x8f"
    "\u200b\u200e\u200f\u202a\u202b\u202d\u202e\u2028\u2029\u2060\u2066\u2067\u2068\u2069\ufeff\ufff9\u061c"
    "\U000e0001\U000e0041\U000e007f\ue000\U000f0000\U0010fffd\ud800\udc00\udbff\udfff\uffff\ufdd0"
)
_WORDS = (
    "pod",
    "sax-model-server-0",
    "loading completed",
    "[bold red]",
    "[@click=app.quit]x[/]",
    "[/]",
    "中文",
    "\t",
    "🎉",
)


def line(dice: random.Random) -> str:
    """One line of the grammar: words, sequences (also nested and unterminated) and single bad characters."""
    return "".join(_piece(dice, 0) for _ in range(dice.randint(1, 8)))


def random_line(dice: random.Random) -> str:
    """Code points from everywhere, surrogates and unassigned ones too."""
    top = dice.choice([0x20, 0xA0, 0x3000, 0x10FFFF])
    return "".join(chr(dice.randint(0, top)) for _ in range(dice.randint(0, 60)))


def lines(seed: int, count: int) -> Iterator[str]:
    """`count` lines of the grammar."""
    dice = random.Random(seed)
    for _ in range(count):
        yield line(dice)


def random_lines(seed: int, count: int) -> Iterator[str]:
    """`count` random lines."""
    dice = random.Random(seed)
    for _ in range(count):
        yield random_line(dice)


def forbidden(text: str) -> set[str]:
    """The characters in it that must not reach a terminal."""
    return {char for char in text if unicodedata.category(char) in FORBIDDEN}


def _piece(dice: random.Random, depth: int) -> str:
    match dice.randrange(4):
        case 0:
            return dice.choice(_WORDS)
        case 1:
            return dice.choice(_SINGLES)
    opening = dice.choice(_INTRODUCERS[dice.choice(tuple(_INTRODUCERS))])
    inside = dice.choice(_PAYLOADS)
    if depth < 3 and dice.random() < 0.4:
        inside += _piece(dice, depth + 1)
    return opening + inside + dice.choice(_TERMINATORS)
