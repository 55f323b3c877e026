"""The OpenAI client over the wire: whole and streamed answers, and servers that misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from aiohttp import web

from saxtui.adapters.openai.client import OpenAiClient
from saxtui.errors import Ambiguous, CallError, Invalid, NotFound, Throttled, Unauthenticated, Unreachable, UsageProblem
from saxtui.model.serving import Sampling
from saxtui.model.talk import Ask, Piece

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]
HELD = object()


class Server:
    """`events`: what a streamed answer sends, bytes as they stand, HELD to say nothing more; `whole` an answer."""

    def __init__(self, *events: Any, whole: Any = None, code: int = 200, **headers: str) -> None:
        self.events, self.whole, self.code, self.headers = events, whole, code, headers
        self.bodies: list[Any] = []
        self.keys: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.keys.append(request.headers.get("Authorization", ""))
        if request.path == "/v1/models":
            return web.json_response({"object": "list", "data": [{"id": "first"}, {"id": "second"}]})
        self.bodies.append(await request.json())
        if self.whole is not None:
            data = self.whole if isinstance(self.whole, bytes) else json.dumps(self.whole).encode()
            return web.Response(status=self.code, body=data, headers=self.headers, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in self.events:
            if event is HELD:
                await asyncio.Event().wait()
            if event is None:
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(event)
        return response


def event(*texts: str, finish: str | None = None, **more: Any) -> bytes:
    choices = [{"index": number, "delta": {"content": text}, "finish_reason": finish}
               for number, text in enumerate(texts)]  # fmt: skip
    return f"data: {json.dumps({'choices': choices, **more}, ensure_ascii=False)}\n\n".encode()


DONE = b"data: [DONE]\n\n"


async def streamed(client: OpenAiClient, ask: Ask) -> list[Piece]:
    found = [piece async for piece in client.stream(ask)]
    await client.close()
    return found


async def test_stream_brings_text_as_it_comes_and_the_whole_at_the_end(serve: Serve) -> None:
    word = event("drei Äpfel\r\n")
    server = Server(
        b": keep-alive\n\n", word[:31], word[31:], event("\x1b[31m!", finish="stop"),
        b'data: {"choices": [], "usage": {"completion_tokens": 7}}\n\n', DONE,
    )  # fmt: skip
    client = OpenAiClient(await serve(server.answer), {})
    found = await streamed(client, Ask("hello", "m", Sampling(0.5, None, 0.9, 16), "be brief", (("a", "b"),), 2))
    assert [piece.text for piece in found] == ["drei Äpfel\n", "\u241b[31m!", ""]
    assert found[-1].answer is not None
    assert found[-1].answer.text == "drei Äpfel\n\u241b[31m!"
    assert found[-1].answer.tokens == 7
    assert found[-1].answer.candidates[0].score is None
    (sent,) = server.bodies
    assert [item["role"] for item in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"], sent["n"]) == (0.5, 0.9, 16, 2)
    assert sent["stream"] is True


async def test_carriage_return_and_line_feed_in_two_events_are_one_line_break(serve: Serve) -> None:
    client = OpenAiClient(await serve(Server(event("a\r"), event("\nb", finish="stop"), DONE).answer), {})
    assert [piece.text for piece in await streamed(client, Ask("x", "m"))] == ["a", "\nb", ""]


async def test_candidates_come_interleaved(serve: Serve) -> None:
    client = OpenAiClient(await serve(Server(event("a", "x"), event("b", "y", finish="stop"), DONE).answer), {})
    found = await streamed(client, Ask("hello", "m", candidates=2))
    assert [(piece.candidate, piece.text) for piece in found[:-1]] == [(0, "a"), (1, "x"), (0, "b"), (1, "y")]
    assert found[-1].answer is not None
    assert [item.text for item in found[-1].answer.candidates] == ["ab", "xy"]


async def test_whole_answer_and_the_servers_first_model(serve: Serve) -> None:
    server = Server(whole={"choices": [{"index": 0, "message": {"content": "yes\x07"}}]})
    client = OpenAiClient(await serve(server.answer) + "/v1/", {})
    assert await client.names() == ["first", "second"]
    answer = await client.generate(Ask("hello"))
    assert (answer.text, answer.tokens) == ("yes\u2407", None)
    assert server.bodies[0]["model"] == "first"
    assert "stream" not in server.bodies[0]
    # A server that does not stream although asked to still answers.
    assert [piece.answer is not None for piece in await streamed(client, Ask("hello"))] == [True]


async def test_key_comes_from_the_environment_and_is_not_told_again(serve: Serve) -> None:
    server = Server(whole={"error": {"message": "Incorrect key s3cret-key", "code": "invalid_api_key"}}, code=401)
    client = OpenAiClient(await serve(server.answer), {"SAXTUI_OPENAI_KEY": "s3cret-key"})
    with pytest.raises(Unauthenticated, match="Incorrect key") as raised:
        await client.generate(Ask("hello", "m"))
    assert server.keys == ["Bearer s3cret-key"]
    assert "s3cret" not in repr(raised.value.problem)
    assert "SAXTUI_OPENAI_KEY" in raised.value.problem.next_step
    await client.close()


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("ftp://h", "", "is no http"),
        ("localhost:8000", "", "is no http"),
        ("http://", "", "is no http"),
        ("http://h:99999", "", "is no http"),
        ("http://user:pw@h", "", "password"),
        ("http://h/v1?key=x", "", "query"),
        ("http://10.0.0.1:8000", "k", "not encrypted"),
    ],
)
def test_address_that_cannot_be_used(url: str, key: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=said) as raised:
        OpenAiClient(url, {"SAXTUI_OPENAI_KEY": key})
    assert "pw" not in repr(raised.value.problem)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://[::1]:8000/v1/", "http://[::1]:8000/v1"),
        ("https://h/x", "https://h/x/v1"),
    ],
)
def test_address_with_and_without_version(url: str, address: str) -> None:
    assert OpenAiClient(url, {}).address == address


@pytest.mark.parametrize(
    ("code", "body", "kind", "said"),
    [
        (400, {"error": {"message": "bad temperature", "type": "invalid_request_error"}}, Invalid, "bad temperature"),
        (404, {"error": {"message": "no such model", "code": "model_not_found"}}, NotFound, "no such model"),
        (422, {"detail": "wrong field"}, Invalid, "wrong field"),
        (429, {"error": {"message": "slow down"}}, Throttled, "slow down"),
        (500, b"<html>oops</html>", Ambiguous, "<html>oops"),
        (302, b"", Ambiguous, "HTTP 302"),
        (200, b"<html>login</html>", Ambiguous, "a web page"),
        (200, {"choices": [{}]}, Ambiguous, "unknown shape"),
        (200, b'{"choices": "' + b"x" * 5_000_000 + b'"}', Ambiguous, "longer than"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_refusals(serve: Serve, code: int, body: Any, kind: type[CallError], said: str, *, stream: bool) -> None:
    client = OpenAiClient(await serve(Server(whole=body, code=code, **{"Retry-After": "7"}).answer), {})
    with pytest.raises(kind, match=said) as raised:
        await (streamed(client, Ask("x", "m")) if stream else client.generate(Ask("x", "m")))
    assert type(raised.value) is kind
    assert raised.value.may_have_acted is (kind is Ambiguous)
    if isinstance(raised.value, Throttled):
        assert raised.value.retry_after == 7.0
    await client.close()


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([event("half"), None], "dropped"),
        ([event("half")], "dropped the connection in the middle"),
        ([event("half"), b": still here\n\n", HELD], "no answer in"),
        ([event("half"), b'data: {"error": {"message": "overloaded"}}\n\n', DONE], "overloaded"),
        ([event("half"), b"data: <html>\n\n", DONE], "unknown shape"),
        ([event("half"), b"data: " + b"x" * 2_000_000], "unknown shape"),
    ],
)  # fmt: skip
async def test_stream_that_breaks_off_keeps_what_came(serve: Serve, events: Sequence[Any], said: str) -> None:
    client = OpenAiClient(await serve(Server(*events).answer), {})
    came = []
    with pytest.raises(Ambiguous, match=said):
        async for piece in client.stream(Ask("x", "m", timeout=3.0 if HELD in events else 60.0)):
            came.append(piece.text)
    assert came == ["half"]
    await client.close()


async def test_stream_that_is_closed_early_closes_the_connection(serve: Serve) -> None:
    gone = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while True:
                await response.write(event("more "))
                await asyncio.sleep(0.01)
        finally:
            gone.set()

    client = OpenAiClient(await serve(handler), {})
    pieces = client.stream(Ask("x", "m"))
    assert (await anext(pieces)).text == "more "
    await pieces.aclose()
    await asyncio.wait_for(gone.wait(), 60)
    await client.close()


async def test_top_k_is_refused_and_nobody_there_is_unreachable() -> None:
    client = OpenAiClient("http://127.0.0.1:9", {})
    with pytest.raises(Invalid, match="top-k"):
        await client.generate(Ask("x", "m", Sampling(top_k=3)))
    with pytest.raises(Unreachable):
        await client.generate(Ask("x", "m"))
    with pytest.raises(Unreachable):
        await client.abilities()
    await client.close()
