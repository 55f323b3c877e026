"""One cluster's objects: the store behind its API server. (Skeleton; the API server's author fills it in.)

Objects are plain JSON dicts with apiVersion and kind. One rising resourceVersion for all. Synchronous and pure.
Controllers call it directly and hear every change; the HTTP skin translates requests into these calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from saxtui.emulator.world import World

Json = dict[str, Any]
Listener = Callable[[str, Json, Json | None], None]
"""(event type ADDED|MODIFIED|DELETED, object, object before)."""


class ApiError(Exception):
    """A refusal with its HTTP code and metav1.Status body."""

    def __init__(self, status: Json) -> None:
        super().__init__(status.get("message", ""))
        self.status = status
        self.code = int(status["code"])


class KubeStore:
    """Objects by (kind, namespace, name)."""

    def __init__(self, world: World, key: str) -> None:
        self.world = world
        self.key = key

    def create(self, obj: Json, *, manager: str = "kube-controller-manager") -> Json:
        """Admit (defaults, validation, mutating hooks) and store. Raises ApiError 409 AlreadyExists, 422, 404."""
        raise NotImplementedError

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """A copy, or None. `kind` is the Kind name, e.g. "Pod"; namespace "" for cluster-scoped."""
        raise NotImplementedError

    def list(self, kind: str, namespace: str = "", labels: dict[str, str] | None = None) -> list[Json]:
        """All of a kind (namespace "" = all), filtered by equality labels. Not to be changed by the caller."""
        raise NotImplementedError

    def update(self, obj: Json, *, manager: str = "kube-controller-manager") -> Json:
        """Replace metadata and spec (status kept). 409 on a stale resourceVersion when one is given."""
        raise NotImplementedError

    def set_status(self, kind: str, namespace: str, name: str, status: Json) -> Json | None:
        """Replace the status; None when the object is gone. No event when nothing changes."""
        raise NotImplementedError

    def delete(
        self,
        kind: str,
        namespace: str,
        name: str,
        *,
        propagation: str = "Background",
        grace: float | None = None,
    ) -> Json | None:
        """Delete with finalizers, grace period and garbage collection of dependents; None when absent."""
        raise NotImplementedError

    def finish_delete(self, kind: str, namespace: str, name: str) -> None:
        """What the kubelet does when a deleted pod's containers have stopped: remove it for good."""
        raise NotImplementedError

    def record_event(self, obj: Json, reason: str, message: str, *, warning: bool = False, source: str = "") -> None:
        """An Event about `obj`; repeats count up."""
        raise NotImplementedError

    def listen(self, listener: Listener) -> None:
        """Hear every change, synchronously, after it is stored."""
        raise NotImplementedError

    def append_log(self, namespace: str, pod: str, container: str, text: str, *, at: float | None = None) -> None:
        """A line in a container's log (kept for the current and the previous container)."""
        raise NotImplementedError

    def rotate_log(self, namespace: str, pod: str, container: str) -> None:
        """The container restarted: its log becomes the previous one."""
        raise NotImplementedError
