"""One deployment, and what every work on it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saxtui.engine.runs.lease import Holder
    from saxtui.engine.runs.manifests import Manifest
    from saxtui.engine.runs.usual import Times
    from saxtui.engine.store import Store
    from saxtui.model.deployment import Deployment
    from saxtui.ports import Cloud, Journal


@dataclass(frozen=True, slots=True)
class Kit:
    """`manifest` gives a packaged manifest's text by file name; `jobset_source` is (URL or file, SHA-256).

    Both parts of `jobset_source` are "" unless the surroundings name one; the deployment's own come first.
    `times` tells how long steps usually take here; without it the published figures count.
    """

    deployment: Deployment
    store: Store
    cloud: Cloud
    journal: Journal
    manifest: Manifest
    jobset_source: tuple[str, str]
    holder: Holder
    times: Callable[[], Awaitable[Times]] | None = None
