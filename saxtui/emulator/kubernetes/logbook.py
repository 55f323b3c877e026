"""Container logs: the current container's lines and the previous one's, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

LINES = 5000
"""Lines kept a container (the kubelet keeps 10 MiB)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `at` in epoch seconds of the world, text without its newline."""

    at: float
    text: str


LineListener = Callable[[Line], None]
LogKey = tuple[str, str, str]
"""(namespace, pod, container)."""


@dataclass(slots=True)
class ContainerLog:
    """The lines of one container."""

    current: deque[Line] = field(default_factory=lambda: deque(maxlen=LINES))
    previous: deque[Line] | None = None
    listeners: list[LineListener] = field(default_factory=list)


class LogBook:
    """Every container's log of one cluster."""

    def __init__(self) -> None:
        self._logs: dict[LogKey, ContainerLog] = {}
        self._enders: list[Callable[[], None]] = []
        self.changed: set[LogKey] = set()
        """Containers whose log was written, rotated or dropped since somebody last emptied this."""

    def peek(self, key: LogKey) -> ContainerLog | None:
        """A container's log itself, not to be changed by the caller."""
        return self._logs.get(key)

    def resume(self, key: LogKey, current: Iterable[Line], previous: Iterable[Line] | None) -> None:
        """Hold what a container had logged."""
        before = None if previous is None else deque(previous, maxlen=LINES)
        self._logs[key] = ContainerLog(deque(current, maxlen=LINES), before)

    def _log(self, key: LogKey) -> ContainerLog:
        return self._logs.setdefault(key, ContainerLog())

    def append(self, key: LogKey, at: float, text: str) -> None:
        """Write; text with newlines becomes several lines."""
        self.changed.add(key)
        log = self._log(key)
        for part in text.rstrip("\n").split("\n"):
            line = Line(at, part)
            log.current.append(line)
            for listener in tuple(log.listeners):
                listener(line)

    def rotate(self, key: LogKey) -> None:
        """The container restarted."""
        self.changed.add(key)
        log = self._log(key)
        log.previous, log.current = log.current, deque(maxlen=LINES)

    def lines(self, key: LogKey, *, previous: bool = False) -> list[Line] | None:
        """The kept lines; None when there never was a previous container."""
        log = self._logs.get(key)
        if log is None:
            return None if previous else []
        if previous:
            return None if log.previous is None else list(log.previous)
        return list(log.current)

    def end_streams(self) -> None:
        """Whoever follows now hears no more, and has to ask again."""
        for ended in tuple(self._enders):
            ended()

    def until_ended(self, ended: Callable[[], None]) -> Callable[[], None]:
        """Hear of `end_streams` until the returned function is called."""
        self._enders.append(ended)
        return lambda: self._enders.remove(ended)

    def follow(self, key: LogKey, listener: LineListener) -> Callable[[], None]:
        """Hear new lines until the returned function is called."""
        log = self._log(key)
        log.listeners.append(listener)

        def stop() -> None:
            if listener in log.listeners:
                log.listeners.remove(listener)

        return stop

    def drop_pod(self, namespace: str, pod: str, containers: list[str]) -> None:
        """The pod is gone, and its logs with it."""
        for container in containers:
            self.changed.add((namespace, pod, container))
            self._logs.pop((namespace, pod, container), None)
