"""Hosts in lock step say the same: equal lines become one with a count, and the host that differs stands out. Pure.

Two lines are equal when their templates are: the text without the server's own prefix, with every number, address and
hexadecimal word replaced. Each host has a cursor, the group of its last line; its next line joins the nearest later
group of the same template that it is not in yet, as long as that group is young, and otherwise begins a new one. So a
host that lags joins what the others said, in its own order, and one that says something else begins a group alone.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from saxtui.model.log_batch import LogSource, epoch_of

WINDOW = 10.0
"""Seconds, by the lines' own stamps, after the last host in which another may still join a group; at most thrice."""
SILENT = 60.0
"""Seconds without a line, while others speak, after which a host is said to be silent."""
_COMPANY = 3
"""Hosts that must have been heard before one of them can be odd."""
_PREFIX = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^ \]]+:\d+\] ?")
_VARIES = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]*\d[0-9a-f]{5,}\b|\d+(?:[.:]\d+)*")

Host = tuple[int, int, str]
"""(slice, host, pod name for what is no host of a slice)."""


def host_of(source: LogSource) -> Host:
    """Who speaks: a host's new pod is the same host."""
    return (source.slice, source.host, source.pod if source.slice < 0 else "")


def template(text: str) -> str:
    """What stays the same when hosts say the same thing."""
    return _VARIES.sub("#", _PREFIX.sub("", text, 1))


@dataclass(slots=True)
class Group:
    """Equal lines of different hosts. `number` and `text` are the first one's; `same`: all texts are equal."""

    number: int
    at: float
    template: str
    text: str
    hosts: dict[Host, int] = field(default_factory=dict)
    latest: float = 0.0
    same: bool = True
    closed: bool = False
    skipped: int = 0


class Fold:
    """Groups in the order of their first lines. Feed lines in the order of the log."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.last: dict[Host, float] = {}
        """When each host was last heard, epoch seconds."""
        self.newest = 0.0
        self._heard: list[float] = []
        """When the first few hosts of slices were first heard. Hosts that say much are held less far back."""
        self._gone = 0
        self._cursor: dict[Host, int] = {}
        self._open = 0
        self._by_shape: dict[str, deque[int]] = {}
        """Places, counted from the very first group, that a host may still join."""

    def add(self, number: int, source: LogSource, stamp: bytes, text: str, *, gap: bool = False) -> None:
        """Take in the next line. A gap mark is never folded."""
        host, at = host_of(source), epoch_of(stamp)
        self.newest = max(self.newest, at)
        if gap:
            self.groups.append(Group(number, at, "", text, {host: number}, closed=True))
            return
        if host not in self.last and host[0] >= 0 and len(self._heard) < _COMPANY:
            self._heard.append(at)
        self.last[host] = max(at, self.last.get(host, 0.0))
        self._close()
        shape = template(text)
        place = self._place(host, shape)
        if place is None:
            self.groups.append(Group(number, at, shape, text, {host: number}, at))
            place = len(self.groups) - 1
            self._by_shape.setdefault(shape, deque()).append(place + self._gone)
        else:
            group = self.groups[place]
            group.hosts[host] = number
            group.latest = max(group.latest, at)
            group.same = group.same and _PREFIX.sub("", text, 1) == _PREFIX.sub("", group.text, 1)
        self._cursor[host] = place + self._gone

    def skip(self, number: int, count: int) -> None:
        """Lines that were too many at once to be folded: a group says so."""
        self.groups.append(Group(number, self.newest, "", f"{count} lines not folded", closed=True, skipped=count))
        self._open = len(self.groups)

    def forget(self, first: int) -> int:
        """Leave out groups whose first line is before this one; returns how many left."""
        gone = 0
        while gone < len(self.groups) and self.groups[gone].number < first:
            gone += 1
        del self.groups[:gone]
        self._gone += gone
        self._open = max(0, self._open - gone)
        return gone

    def silent(self, now: float = 0.0) -> list[tuple[Host, float]]:
        """(host, seconds without a line) of those silent while others speak; `now` 0.0: as of the newest line.

        Primaries are compared with each other only: they say other things than the secondaries, or nothing for hours.
        """
        primaries = {host: at for host, at in self.last.items() if _is_primary(host)}
        others = {host: at for host, at in self.last.items() if host not in primaries}
        found = []
        for heard, newest in ((primaries, max(primaries.values(), default=0.0)), (others, self.newest)):
            since = [(host, max(now, newest) - at) for host, at in heard.items() if newest - at >= SILENT]
            found += since if len(since) < len(heard) else []
        return sorted(found)

    def odd(self, group: Group) -> bool:
        """Whether this is one host's own: others were heard at the time, and none has said the same."""
        company = len(self._heard) == _COMPANY and self._heard[-1] <= group.latest + WINDOW
        return group.closed and len(group.hosts) == 1 and company and bool(group.template)

    def _close(self) -> None:
        while self._open < len(self.groups):
            group = self.groups[self._open]
            if not group.closed and self.newest - group.latest <= WINDOW and self.newest - group.at <= 3 * WINDOW:
                return
            group.closed = True
            self._open += 1

    def _place(self, host: Host, shape: str) -> int | None:
        waiting = self._by_shape.get(shape)
        if waiting is None:
            return None
        while waiting and (waiting[0] < self._gone or self.groups[waiting[0] - self._gone].closed):
            waiting.popleft()
        if not waiting:
            del self._by_shape[shape]
            return None
        cursor = self._cursor.get(host, -1)
        for place in waiting:
            if place > cursor and host not in self.groups[place - self._gone].hosts:
                return place - self._gone
        return None


def _is_primary(host: Host) -> bool:
    return host[0] >= 0 and host[1] == 0


def hosts_words(hosts: Iterable[Host], everybody: Collection[Host]) -> str:
    """Which hosts, in short: "all 8", "primaries", "secondaries", "all but 1-5", "0-0..3 0-6"."""
    chosen, all_hosts = set(hosts), set(everybody)
    missing = sorted(all_hosts - chosen)
    if not missing and len(chosen) > 1:
        return f"all {len(chosen)}"
    primaries = set(filter(_is_primary, all_hosts))
    if len(primaries) > 1 and chosen == primaries:
        return "primaries"
    if len(primaries) > 1 and missing == sorted(primaries):
        return "secondaries"
    if len(chosen) > 3 and len(missing) <= 2:
        return "all but " + ranges(missing)
    return ranges(sorted(chosen))


def ranges(hosts: Sequence[Host]) -> str:
    """Hosts, sorted, with neighbours drawn together: "0-0..3 0-6 admin"."""
    parts: list[str] = []
    start = 0
    for at, (index, host, pod) in enumerate(hosts):
        following = hosts[at + 1] if at + 1 < len(hosts) else None
        if index >= 0 and following is not None and following[:2] == (index, host + 1):
            continue
        first = hosts[start][1]
        if index < 0:
            parts.append(pod)
        elif first == host:
            parts.append(f"{index}-{host}")
        else:
            parts.append(f"{index}-{first}..{host}")
        start = at + 1
    return " ".join(parts)
