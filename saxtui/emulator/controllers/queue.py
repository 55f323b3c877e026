"""Work queues: what a controller does later, once for many changes, as data on the world's timers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
Reconcile = Callable[["KubeStore", str, str], None]


class Queue:
    """Reconciles one object at most once a `delay` (simulated seconds), however often it was added."""

    def __init__(self, world: World, name: str, reconcile: Reconcile, delay: float = 0.05) -> None:
        self._world = world
        self._rows = world.table(f"queue.{name}")
        self._handler = f"reconcile/{name}"
        self._reconcile = reconcile
        self._delay = delay
        world.on(self._handler, self._run)

    def add(self, cluster: str, namespace: str = "", name: str = "", *, delay: float | None = None) -> None:
        """Ask for a reconcile `delay` seconds from now; an earlier one already asked for stands."""
        key = f"{cluster}|{namespace}|{name}"
        due = self._world.now + (self._delay if delay is None else delay)
        row = self._rows.get(key)
        if row is not None and row["due"] <= due:
            return
        ticket = self._world.next_seq()
        self._rows[key] = {"due": due, "ticket": ticket}
        payload = {"cluster": cluster, "namespace": namespace, "name": name, "ticket": ticket}
        self._world.after(due - self._world.now, self._handler, **payload)

    def _run(self, payload: Json) -> None:
        key = f"{payload['cluster']}|{payload['namespace']}|{payload['name']}"
        row = self._rows.get(key)
        if row is None or row["ticket"] != payload["ticket"]:
            return
        del self._rows[key]
        store = self._world.kube.get(payload["cluster"])
        if store is not None:
            self._reconcile(store, payload["namespace"], payload["name"])
