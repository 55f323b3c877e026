"""Answers of the OpenAI protocol, whole or as a stream of server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from saxtui.adapters import exchange
from saxtui.adapters.openai import errors
from saxtui.adapters.openai.events import Events
from saxtui.errors import Ambiguous
from saxtui.model.serving import Candidate
from saxtui.model.talk import Answer, Piece
from saxtui.model.text import safe_block

if TYPE_CHECKING:
    import httpx

TALK = "talk to"
_WHOLE = 10
"""A stream may last that many times the wait for one piece, and no longer."""

_TAIL = 0.05
"""Real seconds for the end of the body behind [DONE]; a server that keeps it open is not waited for."""


async def pieces_of(answer: httpx.Response, target: str, timeout: float) -> AsyncGenerator[Piece, None]:
    """The pieces of a streamed answer, `timeout` seconds for each, the last with everything. Raises CallError."""
    until = time.monotonic() + _WHOLE * timeout
    events, gathered = Events(), _Gathered()
    chunks = aiter(answer.aiter_bytes())
    while True:
        # Comments keep a connection alive, not a prompt: only text moves the deadline.
        async with asyncio.timeout(min(timeout, until - time.monotonic())):
            fresh: list[Piece] = []
            while not fresh and not gathered.done:
                chunk = await anext(chunks, None)
                if chunk is None:
                    break
                try:
                    fresh = [piece for data in events.feed(chunk) for piece in gathered.take(data, target)]
                except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                    raise exchange.unexpected(TALK, target, chunk[:200]) from None
        for piece in fresh:
            yield piece
        if gathered.done or chunk is None:
            break
    if not gathered.ended:
        said = "the server dropped the connection in the middle of the answer"
        raise Ambiguous(exchange.problem(TALK, target, said, "DROPPED"))
    yield Piece(answer=gathered.answer())
    with suppress(TimeoutError):
        async with asyncio.timeout(_TAIL):
            # The end of the body: read, it leaves the connection for the next prompt; unread, it would be closed.
            while await anext(chunks, None) is not None:
                pass


class _Gathered:
    """What a stream has brought so far, by candidate."""

    def __init__(self) -> None:
        self.done = False
        self._texts: dict[int, list[str]] = {}
        self._finished: set[int] = set()
        self._held: dict[int, str] = {}
        self._size = 0
        self._tokens: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the server said that it has no more."""
        return self.done or (bool(self._finished) and self._finished >= set(self._texts))

    def take(self, data: str, target: str) -> list[Piece]:
        """The pieces of one event. Raises CallError; KeyError and its like for another shape."""
        if data.strip() == "[DONE]":
            self.done = True
            return []
        found = json.loads(data)
        failure = errors.from_event(found, TALK, target)
        if failure is not None:
            raise failure
        self._tokens = _tokens(found, self._tokens)
        pieces = []
        for choice in found["choices"]:
            index = int(choice.get("index") or 0)
            text = self._text(index, (choice.get("delta") or {}).get("content") or "")
            if text:
                pieces.append(Piece(text, index))
            if choice.get("finish_reason"):
                self._finished.add(index)
        return pieces

    def answer(self) -> Answer:
        """Everything, candidate by candidate."""
        order = sorted(self._texts)
        return Answer(tuple(Candidate("".join(self._texts[index]), None) for index in order), self._tokens)

    def _text(self, index: int, sent: str) -> str:
        """Made harmless; a carriage return waits for the line feed that may follow it."""
        sent = self._held.pop(index, "") + sent
        if sent.endswith("\r"):
            self._held[index], sent = "\r", sent[:-1]
        self._size += len(sent)
        if self._size > exchange.LARGEST_REPLY:
            raise Ambiguous(exchange.problem(TALK, "", f"the answer is longer than {exchange.LARGEST_REPLY} characters",
                                             "TOO_LARGE"))  # fmt: skip
        text = str(safe_block(sent))
        self._texts.setdefault(index, []).append(text)
        return text


def answer_of(found: Any) -> Answer:
    """An answer that came whole. Raises KeyError and its like for another shape."""
    choices = sorted(found["choices"], key=lambda choice: int(choice.get("index") or 0))
    texts = [str(safe_block(choice["message"].get("content") or "")) for choice in choices]
    return Answer(tuple(Candidate(text, None) for text in texts), _tokens(found, None))


def _tokens(found: Any, known: int | None) -> int | None:
    usage = found.get("usage") or {}
    count = usage.get("completion_tokens")
    return count if isinstance(count, int) else known
