"""A reader of the HCL that Terraform files are written in, enough to say whether one parses and what is in it."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<comment>\#[^\n]*)|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<number>\d+(?:\.\d+)?)
    |(?P<name>[A-Za-z_][\w-]*)|(?P<mark>[{}\[\]()=,.]))""",
    re.VERBOSE,
)


def tokens(text: str) -> list[str]:
    """Every token but comments. Raises ValueError for what is none."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not HCL at {text[at : at + 40]!r}")
        at = match.end()
        if match.group("comment") is None:
            found.append(match.group(0).strip())
    return found


class Reader:
    """Recursive descent over the tokens."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0

    def file(self) -> list[tuple[list[str], Any]]:
        """Every block of the file."""
        body = self._body(end="")
        return [(labels, value) for labels, value in body if isinstance(value, list)]

    @property
    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._next
        if not token or (wanted and token != wanted):
            raise ValueError(f"{wanted or 'more'} expected, {token!r} found")
        self._at += 1
        return token

    def _body(self, end: str) -> list[tuple[list[str], Any]]:
        found: list[tuple[list[str], Any]] = []
        while self._next != end:
            labels = [self._take()]
            while self._next.startswith('"'):
                labels.append(self._take().strip('"'))
            if self._next == "=":
                self._take()
                found.append((labels, self._expression()))
            else:
                self._take("{")
                found.append((labels, self._body("}")))
                self._take("}")
        return found

    def _expression(self) -> Any:
        token = self._take()
        if token == "[":
            return self._list("]")
        if token == "{":
            return self._object()
        if token.startswith('"'):
            return token[1:-1]
        if not re.fullmatch(r"[A-Za-z_][\w-]*|\d+(\.\d+)?", token):
            raise ValueError(f"no expression: {token!r}")
        while self._next == ".":
            token += self._take() + self._take()
        if self._next == "(":
            self._take()
            return (token, self._list(")"))
        return token

    def _list(self, end: str) -> list[Any]:
        found = []
        while self._next != end:
            found.append(self._expression())
            if self._next == ",":
                self._take()
        self._take(end)
        return found

    def _object(self) -> dict[str, Any]:
        found = {}
        while self._next != "}":
            key = self._take().strip('"')
            self._take("=")
            found[key] = self._expression()
            if self._next == ",":
                self._take()
        self._take("}")
        return found
