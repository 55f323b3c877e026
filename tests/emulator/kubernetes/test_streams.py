"""exec, attach and port-forward below kubectl: SPDY frames, the channel protocol, and the commands there are."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse, register_backend
from saxtui.emulator.kubernetes.streams import spdy
from saxtui.emulator.kubernetes.streams.commands import Done, Run, register_command
from saxtui.emulator.kubernetes.streams.portforward import PROTOCOL

POD = "/api/v1/namespaces/default/pods/p"


class Client:
    """The other end of a SPDY connection, as kubectl plays it."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=spdy.DICTIONARY)

    def opening(self, stream: int, **headers: str) -> bytes:
        pairs = b"".join(struct.pack(">I", len(word)) + word.encode() for pair in headers.items() for word in pair)
        block = self._deflate.compress(struct.pack(">I", len(headers)) + pairs)
        block += self._deflate.flush(zlib.Z_SYNC_FLUSH)
        body = struct.pack(">IIH", stream, 0, 0) + block
        return struct.pack(">HHI", 0x8003, spdy.SYN_STREAM, len(body)) + body


def test_the_dictionary_is_the_drafts() -> None:
    # Every SPDY/3 header block begins with this checksum of the dictionary it was made with.
    assert (len(spdy.DICTIONARY), zlib.adler32(spdy.DICTIONARY)) == (1423, 0xE3C6A7C2)


@given(st.lists(st.integers(1, 40), max_size=30))
def test_frames_come_out_whole_however_they_are_cut(cuts: list[int]) -> None:
    client = Client()
    wire = client.opening(1, streamtype="error", port="8888", requestid="0")
    wire += client.opening(3, streamtype="data", port="8888", requestid="0")
    wire += spdy.data(3, b"GET / HTTP/1.1\r\n\r\n") + spdy.ping(7) + spdy.reset(3) + spdy.data(1, b"", last=True)
    framer, found = spdy.Framer(), []
    for size in [*cuts, len(wire)]:
        found += framer.feed(wire[:size])
        wire = wire[size:]
    headers = {"streamtype": "error", "port": "8888", "requestid": "0"}
    assert found == [
        spdy.Opened(1, headers),
        spdy.Opened(3, {**headers, "streamtype": "data"}),
        spdy.Data(3, b"GET / HTTP/1.1\r\n\r\n", False),
        spdy.Ping(7),
        spdy.Reset(3),
        spdy.Data(1, b"", True),
    ]


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_waited_out(garbage: bytes) -> None:
    framer = spdy.Framer()
    try:
        for frame in framer.feed(b"\x80\x03\x00\x01" + garbage):
            assert frame is not None
    except spdy.BadFrame:
        pass


@pytest.fixture
def running(served: Any, build: Any) -> Any:
    pod = build.pod()
    pod["spec"]["containers"][0]["env"] = [
        {"name": "A", "value": "1"},
        {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    served.store.create(pod)
    build.run(served.store, "p")
    return served


async def execute(url: str, *words: str, path: str = "exec", container: str = "c") -> tuple[str, str, Any]:
    """(stdout, stderr, the ending Status) of a command."""
    query = [("container", container), ("stdout", "true"), *(("command", word) for word in words)]
    out, ending = {1: b"", 2: b""}, None
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}{POD}/{path}", params=query, protocols=("v5.channel.k8s.io",)) as socket,
    ):
        assert socket.protocol == "v5.channel.k8s.io"
        async for message in socket:
            if message.data[0] == 3:
                ending = msgspec.json.decode(message.data[1:])
            else:
                out[message.data[0]] += message.data[1:]
    return out[1].decode(), out[2].decode(), ending


async def test_commands(running: Any) -> None:
    out, err, ending = await execute(running.url, "printenv", "A", "WHO")
    assert (out, err, ending) == ("1\np\n", "", {"metadata": {}, "status": "Success"})
    out, err, ending = await execute(running.url, "sh", "-c", "cat /etc/hostname /nope")
    assert (out, err) == ("p\n", "cat: /nope: No such file or directory\n")
    assert ending["reason"] == "NonZeroExitCode"
    assert ending["details"]["causes"] == [{"reason": "ExitCode", "message": "1"}]
    for words in (("sh", "-c", "env | sort"), ("vim",), ()):
        _, _, ending = await execute(running.url, *words)
        assert ending["reason"] == "InternalError" and "is not imitated by the embedded cloud" in ending["message"]
    _, _, ending = await execute(running.url, path="attach")
    assert "attach is not imitated" in ending["message"]


async def test_a_room_can_add_commands_for_its_image(running: Any) -> None:
    async def tool(run: Run) -> Done:
        return Done(3, f"{run.pod_name} {' '.join(run.words)}\n")

    register_command(running.world, "busybox", "tool", tool)
    register_command(running.world, "other", "hidden", tool)
    out, _, ending = await execute(running.url, "/usr/bin/tool", "x")
    assert out == "p /usr/bin/tool x\n" and ending["details"]["causes"][0]["message"] == "3"
    assert "hidden" not in (await execute(running.url, "nope"))[2]["message"]


async def test_exec_refusals(running: Any, build: Any) -> None:
    running.store.create(build.pod("idle"))
    async with aiohttp.ClientSession() as session:
        for path, code in ((f"{POD}/exec?command=ls", 400), (f"{POD}/exec?container=zz", 400), ("/exec", 404)):
            async with session.get(running.url + path) as answer:
                assert answer.status == code
        async with session.get(f"{running.url}{POD[:-1]}idle/exec?command=ls") as answer:
            assert "container not found" in (await answer.json())["message"]
        async with session.get(f"{running.url}{POD[:-1]}idle/portforward") as answer:
            assert answer.status == 400 and "not running" in (await answer.json())["message"]


async def test_two_connections_through_one_tunnel(running: Any) -> None:
    async def backend(cluster: str, namespace: str, pod: str, port: int, request: ProxyRequest) -> Any:
        if port != 8888:
            return NoAnswer.REFUSED
        return ProxyResponse(201, {"X-Seen": request.path}, request.body[::-1])

    register_backend(running.world, backend)
    client, framer, answers = Client(), spdy.Framer(), dict[int, bytes]()
    ended: set[int] = set()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{running.url}{POD}/portforward", protocols=(PROTOCOL,)) as socket,
    ):
        for request, port in (("0", "8888"), ("1", "99")):
            first = int(request) * 4 + 1
            await socket.send_bytes(client.opening(first, streamtype="error", port=port, requestid=request))
            await socket.send_bytes(client.opening(first + 2, streamtype="data", port=port, requestid=request))
            await socket.send_bytes(spdy.data(first, b"", last=True))
            body = b"POST /say HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
            await socket.send_bytes(spdy.data(first + 2, body))
        while ended != {1, 3, 5, 7}:
            message = await socket.receive_bytes(timeout=20)
            for frame in framer.feed(message):
                if isinstance(frame, spdy.Data):
                    answers[frame.stream] = answers.get(frame.stream, b"") + frame.payload
                    ended |= {frame.stream} if frame.last else set()
    assert answers[3].startswith(b"HTTP/1.1 201 ") and answers[3].endswith(b"\r\n\r\ncba")
    assert b"X-Seen: /say" in answers[3] and answers[1] == b"" and answers[7] == b""
    assert b"error forwarding port 99 to pod" in answers[5] and b"connection refused" in answers[5]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 40,
        b"GET\r\n\r\n",
        b"\xff\xfe HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
    ],
)
async def test_garbage_through_a_tunnel(running: Any, garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{running.url}{POD}/portforward", protocols=(PROTOCOL,)) as socket,
    ):
        await socket.send_bytes(client.opening(1, streamtype="error", port="80", requestid="0"))
        await socket.send_bytes(client.opening(3, streamtype="data", port="80", requestid="0"))
        await socket.send_bytes(spdy.data(3, garbage) + spdy.data(3, b"", last=True))
        framer, ended = spdy.Framer(), set[int]()
        while ended != {1, 3}:
            for frame in framer.feed(await socket.receive_bytes(timeout=20)):
                ended |= {frame.stream} if isinstance(frame, spdy.Data) and frame.last else set()
        await socket.send_bytes(b"\x80\x09\0\0\0\0\0\0")
        assert (await socket.receive(timeout=20)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert not [record for record in caplog.records if record.exc_info]
    assert (await execute(running.url, "hostname"))[0] == "p\n"
