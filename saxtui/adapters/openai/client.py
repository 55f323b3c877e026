"""A server of the OpenAI protocol, for chat and bench: /v1/models and /v1/chat/completions, streamed.

The key comes from the environment when a request is made; it is never written anywhere, and removed from what the
server says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import urlsplit

from saxtui.adapters import exchange
from saxtui.adapters.lanes import Lanes
from saxtui.adapters.openai import errors
from saxtui.adapters.openai.answers import TALK, answer_of, pieces_of
from saxtui.errors import CallError, Invalid, NotFound, Problem, UsageProblem
from saxtui.model.talk import Abilities, Answer, Ask, Piece
from saxtui.model.text import safe
from saxtui.ports import Json

_PARAMETERS = {"temperature": "temperature", "top_p": "top_p", "max_steps": "max_tokens"}
ABILITIES = Abilities(
    streams=True, messages=True, count=True, parameters=frozenset(_PARAMETERS), why="the protocol has no top-k"
)  # fmt: skip


class OpenAiClient:
    """Fulfils ports.Talker. `base` is http(s)://host[:port][/path], with or without /v1."""

    def __init__(self, base: str, environ: Mapping[str, str]) -> None:
        """Raises UsageProblem for an address that is none, or a key that would go over the network in the clear."""
        self._key = environ.get(errors.KEY, "").strip()
        self._base = _address(base, keyed=bool(self._key))
        self._lanes = Lanes(self._make)
        self._trust: Any = None

    @property
    def address(self) -> str:
        """Where it speaks to, without a secret."""
        return self._base

    async def abilities(self, model: str = "", timeout: float = 10.0) -> Abilities:
        """What the protocol has, once the server answers."""
        await self.names(timeout)
        return ABILITIES

    async def names(self, timeout: float = 10.0) -> list[str]:
        """The ids of /v1/models."""
        tried, target = "list models of", self._base
        try:
            async with asyncio.timeout(timeout):
                async with self._lanes.lane() as client, client.stream(
                    "GET", f"{self._base}/models", headers=self._headers(), timeout=exchange.limits(timeout)
                ) as answer:  # fmt: skip
                    data = await exchange.read(answer)
        except Exception as error:
            raise self._failure(error, tried, target, timeout) from error
        self._check(answer, data, tried, target)
        return await exchange.decoded(
            data, tried, target, lambda found: [str(safe(item["id"], 200)) for item in found["data"]]
        )

    async def generate(self, ask: Ask) -> Answer:
        """The whole answer at once."""
        body = await self._body(ask, stream=False)
        tried, target, started = TALK, str(body["model"]), time.monotonic()
        try:
            async with asyncio.timeout(ask.timeout):
                async with self._lanes.lane() as client, self._post(client, body, ask.timeout) as answer:
                    data = await exchange.read(answer)
        except Exception as error:
            raise self._failure(error, tried, target, ask.timeout) from error
        self._check(answer, data, tried, target)
        found = await exchange.decoded(data, tried, target, answer_of)
        return replace(found, seconds=time.monotonic() - started)

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Pieces as the server makes them; a server that answers at once gives one last piece."""
        body = await self._body(ask, stream=True)
        target, started = str(body["model"]), time.monotonic()
        try:
            async with self._lanes.lane() as client, AsyncExitStack() as opened:
                async with asyncio.timeout(ask.timeout):
                    answer = await opened.enter_async_context(self._post(client, body, ask.timeout))
                streamed = "text/event-stream" in answer.headers.get("Content-Type", "")
                if answer.status_code != 200 or not streamed:
                    async with asyncio.timeout(ask.timeout):
                        data = await exchange.read(answer)
                    self._check(answer, data, TALK, target)
                    found = await exchange.decoded(data, TALK, target, answer_of)
                    yield Piece(answer=replace(found, seconds=time.monotonic() - started))
                    return
                async with aclosing(pieces_of(answer, target, ask.timeout)) as pieces:
                    async for piece in pieces:
                        if piece.answer is not None:
                            seconds = time.monotonic() - started
                            piece = Piece(answer=replace(piece.answer, seconds=seconds))
                        yield piece
        except (GeneratorExit, asyncio.CancelledError):
            raise
        except Exception as error:
            raise self._failure(error, TALK, target, ask.timeout) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._lanes.close()

    async def _body(self, ask: Ask, *, stream: bool) -> Json:
        given = {} if ask.sampling is None else {
            name: value for name in ("temperature", "top_k", "top_p", "max_steps")
            if (value := getattr(ask.sampling, name)) is not None
        }  # fmt: skip
        if "top_k" in given:
            _refuse(ask.model, "the OpenAI protocol has no top-k", "leave top-k at its default")
        model = ask.model or next(iter(await self.names(min(ask.timeout, 10.0))), "")
        if not model:
            said = "the server lists no model"
            raise NotFound(Problem(tried=TALK, target=self._base, said=said, next_step="name one, or load one there"))
        messages = [{"role": "system", "content": ask.system}] if ask.system else []
        for prompt, reply in ask.history:
            messages += [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]
        messages.append({"role": "user", "content": ask.prompt})
        body: Json = {"model": model, "messages": messages, **{_PARAMETERS[name]: given[name] for name in given}}
        if ask.candidates > 1:
            body["n"] = ask.candidates
        return {**body, "stream": True, "stream_options": {"include_usage": True}} if stream else body

    def _post(self, client: Any, body: Json, timeout: float) -> Any:
        return client.stream(
            "POST", f"{self._base}/chat/completions", json=body, headers=self._headers(),
            timeout=exchange.limits(timeout),
        )  # fmt: skip

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json, text/event-stream", "Accept-Encoding": "identity"}
        return {**headers, "Authorization": f"Bearer {self._key}"} if self._key else headers

    def _make(self) -> Any:
        import httpx

        # netrc would add credentials nobody meant for this server; a proxy is the environment's business.
        here = exchange.loopback(urlsplit(self._base).hostname or "")
        self._trust = self._trust or httpx.create_ssl_context(trust_env=not here)
        return httpx.AsyncClient(verify=self._trust, follow_redirects=False, trust_env=not here)

    def _check(self, answer: Any, data: bytes, tried: str, target: str) -> None:
        if not 200 <= answer.status_code < 300:
            retry = str(answer.headers.get("Retry-After", ""))
            raise errors.from_response(answer.status_code, retry, self._masked(data), tried, target)

    def _masked(self, data: bytes) -> bytes:
        """Servers like to repeat the key they refuse."""
        return data.replace(self._key.encode(), b"(the key)") if self._key else data

    def _failure(self, error: Exception, tried: str, target: str, timeout: float) -> CallError:
        return exchange.from_exception(error, tried, target, timeout, f"the server at {self._base}")


def _address(given: str, *, keyed: bool) -> str:
    try:
        parts = urlsplit(given.strip())
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_one = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_one:
        _misused(given, "is no http:// or https:// address", "write it like http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        where = f"{parts.scheme}://{parts.hostname}"
        _misused(where, "carries a name, password or query", f"the key belongs into {errors.KEY}")
    if keyed and parts.scheme == "http" and not exchange.loopback(parts.hostname or ""):
        _misused(given, f"is not encrypted, and {errors.KEY} would be sent to it", "use https, or unset the key")
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return base if base.endswith("/v1") else f"{base}/v1"


def _misused(target: str, said: str, next_step: str) -> NoReturn:
    raise UsageProblem(Problem(tried="use", target=safe(target, 300), said=said, next_step=next_step))


def _refuse(model: str, said: str, next_step: str) -> NoReturn:
    raise Invalid(Problem(tried=TALK, target=safe(model), said=said, next_step=next_step))
