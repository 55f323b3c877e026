"""Between the API server's service and pod proxies and the programs that answer inside pods.

A room that plays programs registers one async backend for its world; the HTTP skin calls it with where a request goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from saxtui.emulator.world import World


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """A request as the program sees it: `path` begins with "/", `query` is the raw query string."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ProxyResponse:
    """What the program answers. No Content-Type header unless it is in `headers`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class NoAnswer(Enum):
    """How a connection can fail: closed without an answer, or refused because nobody listens on the port."""

    DROP = "drop"
    REFUSED = "refused"


Backend = Callable[[str, str, str, int, ProxyRequest], Awaitable[ProxyResponse | NoAnswer]]
"""(cluster key, namespace, pod name, port, request)."""

_OFFER = "kubernetes.proxy"


def register_backend(world: World, backend: Backend) -> None:
    """Let `backend` answer for every pod of that world."""
    world.offers[_OFFER] = backend


async def forward(
    world: World, cluster: str, namespace: str, pod: str, port: int, request: ProxyRequest
) -> ProxyResponse | NoAnswer:
    """Ask the program in that pod. REFUSED when nobody plays programs in this world."""
    backend: Backend | None = world.offers.get(_OFFER)
    if backend is None:
        return NoAnswer.REFUSED
    return await backend(cluster, namespace, pod, port, request)
