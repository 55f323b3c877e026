"""Joins engine and adapters; the only place that does. (Skeleton; the adapters' author fills it in.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saxtui.engine.session import Session
from saxtui.model.deployment import Deployment
from saxtui.ports import Cloud, Library


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where saxtui runs, read from the environment once (adapters/disk/surroundings.py).

    `emulated` is "" on the real cloud and "x60" on an embedded one; `default_project` comes from
    CLOUDSDK_CORE_PROJECT, GOOGLE_CLOUD_PROJECT or DEVSHELL_PROJECT_ID.
    """

    state_dir: str
    emulated: str
    default_project: str


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of Home: a saved deployment as its journal tells it, with no request sent."""

    name: str
    path: str
    project: str
    zone: str
    state: str
    said: str
    usd_per_hour: float | None
    spent: float | None
    since: float | None


class Runtime:
    """The composition root. `Runtime.open(os.environ)` is cheap; client libraries load at the first call."""

    surroundings: Surroundings
    library: Library

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> Runtime:
        raise NotImplementedError

    def cloud(self, project: str) -> Cloud:
        """The real adapters for one project, kept for reuse."""
        raise NotImplementedError

    async def session(self, deployment: Deployment, *, write: bool = True) -> Session:
        """Open the journal (locked when `write`), replay it, and return the session."""
        raise NotImplementedError

    async def summaries(self) -> list[Summary]:
        """Home's lines, newest first."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close every session and connection."""
        raise NotImplementedError
