"""Joins engine and adapters; the only place that does. Opening it imports no client library."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from saxtui.adapters.disk import surroundings as _surroundings
from saxtui.adapters.disk.library import DiskLibrary
from saxtui.adapters.disk.surroundings import Surroundings
from saxtui.engine.runs.summary import Summary
from saxtui.errors import Problem, Refused, SaxtuiError, UsageProblem
from saxtui.ports import Clock, Cloud, Journal, Library, SavedReceipt, Talker

if TYPE_CHECKING:
    from saxtui.adapters.disk.bench_runs import BenchRuns
    from saxtui.adapters.disk.conversations import Conversations
    from saxtui.engine.attaching.standing import Place
    from saxtui.engine.runs.usual import Times
    from saxtui.engine.session import Session
    from saxtui.model.audit import Finding
    from saxtui.model.deployment import Deployment
    from saxtui.model.events import Event

__all__ = ["Runtime", "Summary", "Surroundings"]


class Runtime:
    """The composition root. `Runtime.open(os.environ)` is cheap; client libraries load at the first call."""

    def __init__(self, surroundings: Surroundings, environ: Mapping[str, str], clock: Clock, library: Library) -> None:
        self.surroundings = surroundings
        self.clock = clock
        self.library = library
        self._environ = dict(environ)
        self._clouds: dict[str, Cloud] = {}
        self._sessions: list[tuple[Session, AbstractAsyncContextManager[Journal]]] = []
        self._conversations: Conversations | None = None

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> Runtime:
        """Read the surroundings; sends nothing, writes nothing. Raises UsageProblem for a malformed variable."""
        from saxtui.adapters.disk.clock import SystemClock

        found = _surroundings.read(environ)
        own_catalogue(Path(found.state_dir))
        return cls(found, environ, SystemClock.parse(found.emulated_clock), DiskLibrary(Path(found.state_dir)))

    def cloud(self, project: str) -> Cloud:
        """The real adapters for one project, kept for reuse."""
        if project not in self._clouds:
            from saxtui.adapters.cloud import GoogleCloud

            self._clouds[project] = GoogleCloud(project, self._environ, self.clock)
        return self._clouds[project]

    def conversations(self) -> Conversations:
        """The chat's memory on disk, kept for reuse."""
        if self._conversations is None:
            from saxtui.adapters.disk.conversations import Conversations

            self._conversations = Conversations(Path(self.surroundings.state_dir) / "conversations.sqlite3", self.clock)
        return self._conversations

    def bench_runs(self) -> BenchRuns:
        """The saved load tests. Its calls block: make them in a thread."""
        from saxtui.adapters.disk.bench_runs import BenchRuns

        return BenchRuns(Path(self.surroundings.state_dir) / "bench")

    def openai(self, url: str) -> Talker:
        """A server of the OpenAI protocol, for chat and bench; the caller closes it. Sends nothing yet.

        Its API key is the environment's SAXTUI_OPENAI_KEY, if any. Raises UsageProblem for a wrong address.
        """
        from saxtui.adapters.openai.client import OpenAiClient

        return OpenAiClient(url, self._environ)

    async def session(self, deployment: Deployment, *, write: bool = True) -> Session:
        """Open the journal (locked when `write`), replay it, and return the session.

        Raises Refused when another saxtui holds the lock, or the journal cannot be read.
        """
        from saxtui.adapters.disk.last_beat import DiskLastBeat
        from saxtui.adapters.disk.machine import place
        from saxtui.adapters.disk.packaged import text
        from saxtui.engine.kit import Kit
        from saxtui.engine.runs.lease import Holder
        from saxtui.engine.session import Session
        from saxtui.engine.store import Store
        from saxtui.model.progress import fold

        opened = self.library.open_journal(deployment, write=write)
        journal = await opened.__aenter__()
        try:
            events = tuple(await journal.events())
        except BaseException:
            await journal.close()
            raise
        store = Store()
        store.restore(fold(events), events)
        manifest = partial(text, "manifests")
        here = place(Path(self.surroundings.state_dir) / "journals" / deployment.id)
        holder = Holder(platform.node(), os.getpid(), here)
        cloud = self.cloud(deployment.project)
        beats = DiskLastBeat(Path(self.surroundings.state_dir) / "canary" / f"{deployment.id}.json")
        source = self.surroundings.jobset_source
        kit = Kit(deployment, store, cloud, journal, manifest, source, holder, self.times)
        session = Session(kit, beats, partial(self._jot, deployment))
        self._sessions = [*(item for item in self._sessions if not item[0].closed), (session, opened)]
        return session

    async def _jot(self, deployment: Deployment, event: Event) -> None:
        """Record one event beside a session that only reads. Raises Refused while another saxtui writes."""
        async with self.library.open_journal(deployment) as journal:
            await journal.append(event)

    async def times(self) -> Times:
        """How long steps took in this operator's own runs, as the journals of all saved deployments tell.

        A journal that cannot be read teaches nothing: what is wrong with it is told where it is opened to be used.
        """
        from saxtui.engine.runs.usual import learn

        found = []
        for name in await asyncio.to_thread(self.library.names):
            with contextlib.suppress(SaxtuiError):
                deployment = await asyncio.to_thread(self.library.load, name)
                async with self.library.open_journal(deployment, write=False) as journal:
                    found.append(await journal.events())
        return learn(found)

    def export(self, kind: str, deployment: Deployment, language: str = "en") -> dict[str, str]:
        """The plan of a deployment of which nothing exists yet, for another tool: file name → text. Sends nothing."""
        from saxtui.adapters.disk.packaged import text
        from saxtui.engine import export
        from saxtui.engine.runs import planning

        manifest = partial(text, "manifests")
        return export.files(kind, planning.plan(deployment, {}, manifest), deployment, manifest, language)

    def write_export(self, folder: str, files: Mapping[str, str], *, force: bool = False) -> tuple[str, ...]:
        """Write an export's files; the paths. Raises Refused when one is there already, unless `force`."""
        from saxtui.adapters.disk import exports

        return exports.write(Path(folder).expanduser(), files, force=force)

    def context(self, name: str = "") -> str:
        """The kubeconfig context of that name as it is there, or the current one; "" where there is none. Blocking."""
        from saxtui.adapters.kubernetes.kubeconfig import context

        return context(self._environ, name)

    async def attach(
        self, place: Place, *, namespace: str = "", name: str = ""
    ) -> tuple[Deployment, tuple[Finding, ...]]:
        """Look at a cluster that others made and save it under `name`; what is risky there beside it.

        A cluster attached before keeps its name and its id. Sends only reads. Raises Refused, NotFound, CallError.
        """
        from saxtui.engine.attaching.attach import deployment_of
        from saxtui.engine.attaching.audit import audit
        from saxtui.engine.attaching.standing import look

        seen = await look(self.cloud(place.project), place, namespace)
        names = await asyncio.to_thread(self.library.names)
        found = deployment_of(seen, name, names)
        for known in names:
            with contextlib.suppress(SaxtuiError):
                old = await asyncio.to_thread(self.library.load, known)
                same = (old.project, old.attached, old.cluster.name) == (place.project, place.location, place.name)
                if same and name in ("", known):
                    found = found.model_copy(update={"id": old.id, "name": old.name})
        if found.name in names and (await asyncio.to_thread(self.library.load, found.name)).id != found.id:
            raise Refused(
                Problem("save", found.name, "another deployment has this name", "name it otherwise: --name NAME")
            )
        await asyncio.to_thread(self.library.save, found)
        return found, audit(seen)

    async def forget(self, name: str) -> None:
        """Forget an attached deployment: its file goes, the cluster stays as it is. Raises Refused, UsageProblem."""
        found = await asyncio.to_thread(self.library.load, name)
        if not found.attached:
            said = "saxtui made it: forgetting it would leave what bills"
            raise Refused(Problem("forget", name, said, f"take it down: saxtui down -d {name}"))
        await asyncio.to_thread(self.library.forget, name)

    async def keep(self, deployment: Deployment, source: str) -> str:
        """Keep a copy of a deployment loaded from `source` among the saved ones; returns its path. Raises Refused."""
        return await asyncio.to_thread(self.library.keep, deployment, source)

    async def write_receipt(self, session: Session) -> SavedReceipt:
        """Save the receipt that the session's journal amounts to now. Raises Refused."""
        from saxtui.model import receipt

        found = receipt.of(session.deployment, await session.journal.events())
        at = self.clock.now()
        return await asyncio.to_thread(self.library.save_receipt, session.deployment, at, found.text(), found.body())

    async def summaries(self) -> list[Summary]:
        """Home's lines, newest first; reads files only. A file that cannot be read is a line too.

        Two files with one id are one deployment: the one changed last is its line.
        """
        names = await asyncio.to_thread(self.library.names)
        found: dict[str, Summary] = {}
        for line in await asyncio.gather(*(self._summary(name) for name in names)):
            found.setdefault(line.id or f"unreadable {line.name}", line)
        return list(found.values())

    async def close(self) -> None:
        """Close every session and connection; harmless twice."""
        sessions, self._sessions = self._sessions, []
        for session, opened in sessions:
            await session.close()
            await opened.__aexit__(None, None, None)
        clouds, self._clouds = self._clouds, {}
        for cloud in clouds.values():
            await cloud.close()
        if self._conversations is not None:
            await self._conversations.close()
            self._conversations = None

    async def _summary(self, name: str) -> Summary:
        from saxtui.engine.runs.summary import summarise, unreadable

        path = str(Path(self.surroundings.state_dir) / "deployments" / f"{name}.yaml")
        try:
            deployment = await asyncio.to_thread(self.library.load, name)
            async with self.library.open_journal(deployment, write=False) as journal:
                events, holder = await journal.events(), await journal.holder()
                if journal.damage is not None:
                    return unreadable(name, path, journal.damage)
        except SaxtuiError as error:
            return unreadable(name, path, error.problem)
        return await asyncio.to_thread(summarise, deployment, name, path, events, self.clock.now(), holder)


def own_catalogue(state: Path) -> None:
    """Let the operator's own catalogue values come first, where there is such a file. Raises UsageProblem."""
    from saxtui.catalog.overrides import FILE, use

    path = state / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(
            Problem("read", str(path), type(error).__name__, "make it a readable text file, or take it away")
        ) from None
    use(text, str(path))
