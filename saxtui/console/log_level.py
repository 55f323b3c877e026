"""What a log line's own prefix tells: how loud it is, and where its message begins. absl and glog write the same."""

from __future__ import annotations

import re

from saxtui.model.cluster import LogLine
from saxtui.present.log_pattern import LogPattern
from saxtui.present.words import Sign

_ABSL = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d")
_PREFIX = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^ \]]+:\d+\] ?")
_WORD = re.compile(r"\b(WARNING|WARN|ERROR|CRITICAL|FATAL|Traceback)\b")
_WORD_WITHIN = 64

LOUD = LogPattern(
    r"^[WEF]\d{4} \d\d:\d\d:\d\d|^(?:WARNING|WARN|ERROR|CRITICAL|FATAL|Traceback)\b"
    r"|^(?:[^IWEF]|.\D).{0,50}\b(?:WARNING|WARN|ERROR|CRITICAL|FATAL|Traceback)\b",
    regex=True, case=True,
)  # fmt: skip
"""Finds what `level` calls a warning or an error."""

PLAIN = Sign(" ", " ", "", "")
WARNING = Sign("▲", "!", "warning", "warn")
ERROR = Sign("✗", "x", "error", "bad")
GAP = Sign("┄", "-", "gap", "doubt")


def level(line: LogLine) -> Sign:
    """The line's sign: gap, error (E, F), warning (W) or plain."""
    if line.gap:
        return GAP
    found = _ABSL.match(line.text)
    if found:
        return {"W": WARNING, "E": ERROR, "F": ERROR}.get(found[1], PLAIN)
    word = _WORD.search(line.text, 0, _WORD_WITHIN)
    if word is None:
        return PLAIN
    return WARNING if word[1].startswith("WARN") else ERROR


def message(text: str) -> str:
    """The text without date, thread and source line, which the pane's own columns tell better."""
    found = _PREFIX.match(text)
    return text[found.end() :] if found else text
