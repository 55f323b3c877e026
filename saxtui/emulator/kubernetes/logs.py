"""GET .../pods/NAME/log."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime

from saxtui.emulator.kubernetes import status
from saxtui.emulator.kubernetes.logbook import Line, LogKey
from saxtui.emulator.kubernetes.objects import Json, container_names, epoch, whole_number
from saxtui.emulator.kubernetes.paths import Target
from saxtui.emulator.kubernetes.reads import live
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.wire import Call


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines of which container, and how."""

    key: LogKey
    follow: bool
    previous: bool
    timestamps: bool
    tail: int | None
    since: float | None
    limit: int | None


def stamp(at: float) -> str:
    """RFC3339Nano, as the kubelet writes it."""
    whole = int(at)
    nanos = round((at - whole) * 1e6) * 1000
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{min(nanos, 999_999_999):09d}".rstrip("0").rstrip(".")
    return f"{text}{fraction}Z"


def _number(call: Call, name: str) -> int | None:
    asked = call.query.get(name)
    if asked is None or asked == "":
        return None
    found = whole_number(asked.removeprefix("-"))
    if found is None:
        raise status.bad_request(f'strconv.ParseInt: parsing "{asked}": invalid syntax')
    return -found if asked.startswith("-") else found


def _container(pod: Json, asked: str) -> str:
    names, name = container_names(pod), pod["metadata"]["name"]
    if asked:
        if asked not in names:
            raise status.bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    plain = [str(each.get("name")) for each in pod["spec"].get("containers") or []]
    if len(plain) != 1:
        choices = f"choose one of: [{' '.join(plain)}]"
        raise status.bad_request(f"a container name must be specified for pod {name}, {choices}")
    return plain[0]


def _state(pod: Json, container: str) -> Json:
    now = pod.get("status") or {}
    every = [*(now.get("initContainerStatuses") or []), *(now.get("containerStatuses") or [])]
    return next((each for each in every if each.get("name") == container), {})


def wanted(store: KubeStore, target: Target, call: Call) -> Wanted:
    """Read the request. Raises ApiError 400 for a container that is unknown, not started, or has no previous run."""
    pod = live(store, target)
    container = _container(pod, call.query.get("container", ""))
    key = (target.namespace, target.name, container)
    previous = call.flag("previous")
    where = f'container "{container}" in pod "{target.name}"'
    if previous and store.logs.lines(key, previous=True) is None:
        raise status.bad_request(f'previous terminated container "{container}" in pod "{target.name}" not found')
    state = _state(pod, container)
    waiting = (state.get("state") or {}).get("waiting")
    unstarted = not (state.get("lastState") or {}).get("terminated")
    if waiting is not None and unstarted and not store.logs.lines(key):
        raise status.bad_request(f"{where} is waiting to start: {waiting.get('reason') or 'ContainerCreating'}")
    if pod["spec"].get("nodeName") and not state and not store.logs.lines(key):
        raise status.bad_request(f"{where} is waiting to start: ContainerCreating")
    seconds, since = _number(call, "sinceSeconds"), epoch(call.query.get("sinceTime"))
    if seconds is not None:
        since = store.world.now - seconds
    follow, stamps = call.flag("follow"), call.flag("timestamps")
    limit, tail = _number(call, "limitBytes"), _number(call, "tailLines")
    return Wanted(key, follow and not previous, previous, stamps, tail, since, limit)


def chosen(lines: list[Line], want: Wanted) -> list[Line]:
    """The kept lines a request is about."""
    if want.since is not None:
        lines = [line for line in lines if line.at >= want.since]
    if want.tail is not None and want.tail >= 0:
        lines = lines[-want.tail :] if want.tail else []
    return lines


def encoded(line: Line, want: Wanted) -> bytes:
    """One line as sent."""
    text = f"{stamp(line.at)} {line.text}\n" if want.timestamps else f"{line.text}\n"
    return text.encode("utf-8", "replace")


def _over(store: KubeStore, want: Wanted) -> bool:
    """Whether the container will write no more."""
    namespace, name, container = want.key
    pod = store.peek("Pod", namespace, name)
    if pod is None or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return True
    return (_state(pod, container).get("state") or {}).get("terminated") is not None


async def stream(store: KubeStore, want: Wanted) -> AsyncGenerator[bytes]:
    """The chunks of the log; with follow until the container ends for good."""
    text = b"".join(
        encoded(line, want) for line in chosen(store.logs.lines(want.key, previous=want.previous) or [], want)
    )
    left = want.limit
    fresh: deque[Line] = deque()
    wake = asyncio.Event()
    over = False

    def hear(line: Line) -> None:
        if not over:
            fresh.append(line)
            wake.set()

    def end() -> None:
        nonlocal over
        over = True
        wake.set()

    def changed(_change: str, obj: Json, _before: Json | None) -> None:
        metadata = obj["metadata"]
        if obj["kind"] == "Pod" and (metadata.get("namespace"), metadata["name"]) == want.key[:2]:
            wake.set()

    stops = []
    if want.follow:
        stops = [store.logs.follow(want.key, hear), store.listen(changed), store.logs.until_ended(end)]
    try:
        while True:
            if left is not None:
                text, left = text[:left], max(left - len(text), 0)
            if text:
                yield text
            if left == 0 or not want.follow or (not fresh and (over or _over(store, want))):
                return
            await wake.wait()
            wake.clear()
            text = b"".join(encoded(line, want) for line in fresh)
            fresh.clear()
    finally:
        for stop in stops:
            stop()
