"""GET .../pods/NAME/exec and attach over a WebSocket: the channel protocols v4 and v5.channel.k8s.io.

Every message begins with a channel byte: 0 stdin, 1 stdout, 2 stderr, 3 a Status that says how the command ended, 4 the
terminal's size, and (v5, from the client) 255 with the channel that it closes.
"""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
from aiohttp import WSMsgType, web

from saxtui.emulator.kubernetes import status
from saxtui.emulator.kubernetes.objects import Json, container_names
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.streams.commands import Done, NotImitated, Run, perform

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDOUT, STDERR, ERROR = 1, 2, 3
CHUNK = 32 * 2**10
_SUCCESS: Json = {"metadata": {}, "status": "Success"}
NO_ATTACH = "attach is not imitated by the embedded cloud: follow the container's output with kubectl logs -f"


def _failed(code: int) -> Json:
    cause = {"reason": "ExitCode", "message": str(code)}
    message = f"command terminated with non-zero exit code: exit status {code}"
    details = {"causes": [cause]}
    return {
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "NonZeroExitCode",
        "details": details,
    }


def _container(pod: Json, asked: str) -> Json:
    """Raises ApiError 400 for a container that there is not, or that does not run."""
    names, name = container_names(pod), pod["metadata"]["name"]
    each = [*(pod["spec"].get("initContainers") or []), *(pod["spec"].get("containers") or [])]
    if not asked:
        asked = str(pod["metadata"].get("annotations", {}).get("kubectl.kubernetes.io/default-container") or "")
        asked = asked or str((pod["spec"].get("containers") or [{}])[0].get("name") or "")
    if asked not in names:
        raise status.bad_request(f"container {asked} is not valid for pod {name}")
    states = (pod.get("status") or {}).get("containerStatuses") or []
    state = next((one.get("state") or {} for one in states if one.get("name") == asked), {})
    if state.get("running") is None:
        raise status.internal(f'unable to upgrade connection: container not found ("{asked}")')
    return dict(each[names.index(asked)])


async def serve(store: KubeStore, pod: Json, request: web.Request, *, attach: bool = False) -> web.StreamResponse:
    """Run one command and say how it ended. Raises ApiError 400 for a request that is no WebSocket upgrade."""
    container = _container(pod, request.query.get("container", ""))
    socket = web.WebSocketResponse(protocols=PROTOCOLS)
    if not socket.can_prepare(request).ok:
        why = NO_ATTACH if attach else "this server runs commands over a WebSocket with " + " or ".join(PROTOCOLS)
        raise status.bad_request(f"unable to upgrade: {why}")
    await socket.prepare(request)
    words = tuple(request.query.getall("command", []))
    reading = asyncio.create_task(_read(socket))
    with contextlib.suppress(ConnectionError):
        try:
            if attach:
                raise NotImitated(NO_ATTACH)
            done = await perform(Run(store, pod, container, words))
            await _tell(socket, done)
        except NotImitated as refusal:
            await _close(socket, status.internal(f"error executing command in container: {refusal}").status)
    reading.cancel()
    return socket


async def _read(socket: web.WebSocketResponse) -> None:
    """Take in what comes, so that pings and the client's close are answered; no command here reads its stdin."""
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            return


async def _tell(socket: web.WebSocketResponse, done: Done) -> None:
    for channel, text in ((STDOUT, done.out), (STDERR, done.err)):
        data = text.encode("utf-8", "replace")
        for at in range(0, len(data), CHUNK):
            await socket.send_bytes(bytes((channel,)) + data[at : at + CHUNK])
    await _close(socket, _failed(done.code) if done.code else _SUCCESS)


async def _close(socket: web.WebSocketResponse, ending: Json) -> None:
    await socket.send_bytes(bytes((ERROR,)) + msgspec.json.encode(ending))
    await socket.close()
