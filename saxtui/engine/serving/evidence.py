"""Gathers what the pods' logs tell of models, reading each log only from where the last reading ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from saxtui.engine.serving.ladder import Told
from saxtui.engine.serving.status_page import PORT, read_page
from saxtui.engine.watching.hearing import ADMIN_APP, Hearing
from saxtui.errors import CallError
from saxtui.model.cluster import ClusterView, HostState, Pod
from saxtui.ports import Clock, Kubernetes

FIRST_TAIL = 20_000
"""Lines of a witness's log that are read at first: its load may be long ago."""
_PAGE_EVERY, _PAGE_AGAIN = 20.0, 120.0
"""Seconds between two readings of the status page, and until it is tried again where it could not be read."""
WITNESS_HOST = 1
"""A secondary: it logs the unloads and the requests that the primary does not."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the logs tell: by slice from its own hosts, and by server address from the admin server and its page.

    `servable`: the classes that the primaries say they can serve.
    """

    slices: dict[int, list[Told]]
    admin: list[Told]
    addresses: dict[int, tuple[str, ...]]
    page: tuple[Told, ...] = ()
    servable: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every model that some line names, whoever published it."""
        told = [*self.admin, *(item for found in self.slices.values() for item in found)]
        return tuple(dict.fromkeys(item.key for item in told if item.key.startswith("/sax/")))

    def of_slice(self, index: int) -> list[Told]:
        """What the slice's own hosts told."""
        return self.slices.get(index, [])

    def of_admin(self, index: int) -> list[Told]:
        """What the admin server told about this slice's server, known by its primary's addresses."""
        return self._about(index, self.admin)

    def of_page(self, index: int) -> list[Told]:
        """What the admin server's status page says of this slice's server."""
        return self._about(index, self.page)

    def _about(self, index: int, told: Iterable[Told]) -> list[Told]:
        known = self.addresses.get(index, ())
        return [item for item in told if item.server.rsplit(":", 1)[0] in known]


class Witnesses:
    """The logs that can tell of models: of each slice the primary and one secondary, and the admin server's."""

    def __init__(self, hearing: Hearing, clock: Clock) -> None:
        self._hearing = hearing
        self._clock = clock
        self._page: tuple[Told, ...] = ()
        self._page_due = 0.0

    async def hear(self, kubernetes: Kubernetes, view: ClusterView) -> Testimony:
        """Read on in every witness's log. A log that cannot be read now adds nothing; the next call tries again."""
        hosts: list[Pod] = []
        addresses: dict[int, tuple[str, ...]] = {}
        for index in view.slice_indexes:
            found = view.hosts(index)
            hosts += [found[host] for host in (0, WITNESS_HOST) if host in found]
            if 0 in found:
                addresses[index] = tuple(text for text in (found[0].node_ip, found[0].pod_ip) if text)
        admins = [pod for pod in view.loose if pod.app == ADMIN_APP]
        logs = self._hearing.listen(kubernetes, [*hosts, *admins], FIRST_TAIL)
        await asyncio.gather(logs, self._read_page(kubernetes, admins))
        self._hearing.forget(view.pods)
        slices: dict[int, list[Told]] = {}
        for pod in hosts:
            slices.setdefault(pod.slice, []).extend(self._accepted(pod))
        servable = dict.fromkeys(path for pod in hosts for path in self._hearing.of(pod).servable)
        told = [told for pod in admins for told in self._hearing.of(pod).told]
        born = {address: found[0].created for found in map(view.hosts, addresses) if 0 in found
                for address in (found[0].node_ip, found[0].pod_ip)}  # fmt: skip
        # What was heard before the server's present pod was made is of the one before it at the same address.
        self._page = tuple(item for item in self._page if item.line.at > born.get(item.server.rsplit(":", 1)[0], 0.0))
        return Testimony(slices, told, addresses, self._page, tuple(servable))

    async def _read_page(self, kubernetes: Kubernetes, admins: list[Pod]) -> None:
        """Read the status page now and then; where it cannot be reached, the logs alone must do."""
        now = self._clock.now()
        pod = next((pod for pod in admins if pod.state is HostState.RUNNING and not pod.deleting), None)
        if pod is None or now < self._page_due:
            return
        try:
            html = await kubernetes.page(pod.namespace, pod.name, PORT)
        except CallError:
            self._page, self._page_due = (), now + max(_PAGE_AGAIN, self._clock.speed)
            return
        self._page_due = now + max(_PAGE_EVERY, self._clock.speed)
        said = {(item.server, item.key, item.rung): item for item in self._page}
        # The same word again keeps the time it was first said.
        self._page = tuple(
            said.get((item.server, item.key, item.rung), item) for item in read_page(html, pod.name, now)
        )

    def _accepted(self, pod: Pod) -> list[Told]:
        """A secondary's word counts for unloads and answers only: its own load says nothing of the primary's."""
        told = self._hearing.of(pod).told
        return told if pod.primary else [item for item in told if item.rung.name in {"NONE", "ANSWERED"}]
