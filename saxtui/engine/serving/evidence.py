"""Gathers what the pods' logs tell of models, reading each log only from where the last reading ended."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.engine.serving.ladder import Told
from saxtui.engine.watching.hearing import ADMIN_APP, Hearing
from saxtui.model.cluster import ClusterView, Pod
from saxtui.ports import Kubernetes

FIRST_TAIL = 20_000
"""Lines of a witness's log that are read at first: its load may be long ago."""
WITNESS_HOST = 1
"""A secondary: it logs the unloads and the requests that the primary does not."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the logs tell: by slice from its own hosts, and by server address from the admin server.

    `servable`: the classes that the primaries say they can serve.
    """

    slices: dict[int, list[Told]]
    admin: list[Told]
    addresses: dict[int, tuple[str, ...]]
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
        known = self.addresses.get(index, ())
        return [told for told in self.admin if told.server.rsplit(":", 1)[0] in known]


class Witnesses:
    """The logs that can tell of models: of each slice the primary and one secondary, and the admin server's."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing

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
        await self._hearing.listen(kubernetes, [*hosts, *admins], FIRST_TAIL)
        self._hearing.forget(view.pods)
        slices: dict[int, list[Told]] = {}
        for pod in hosts:
            slices.setdefault(pod.slice, []).extend(self._accepted(pod))
        servable = dict.fromkeys(path for pod in hosts for path in self._hearing.of(pod).servable)
        told = [told for pod in admins for told in self._hearing.of(pod).told]
        return Testimony(slices, told, addresses, tuple(servable))

    def _accepted(self, pod: Pod) -> list[Told]:
        """A secondary's word counts for unloads and answers only: its own load says nothing of the primary's."""
        told = self._hearing.of(pod).told
        return told if pod.primary else [item for item in told if item.rung.name in {"NONE", "ANSWERED"}]
