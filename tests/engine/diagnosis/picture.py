"""A Case taken from the embedded cloud in virtual time: its objects and logs, through the product's own decoders."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec

from saxtui.adapters.google import errors as google_errors
from saxtui.adapters.kubernetes import decode, wire
from saxtui.adapters.kubernetes.picture import Picture
from saxtui.adapters.sax import errors as sax_errors
from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyResponse
from saxtui.engine.diagnosis import Case, Fallen, Heard, fired
from saxtui.engine.diagnosis.case import endings
from saxtui.engine.serving.ladder import Told, read_admin, read_server, replica
from saxtui.errors import Problem
from saxtui.model import events as ev
from saxtui.model.cluster import ClusterView, Freshness, LogLine, Pod
from saxtui.model.presets import preset
from saxtui.model.progress import RunProgress, fold
from saxtui.model.serving import Evidence, ModelStatus, Rung
from tests.emulator.scenarios.rehearsal import Rehearsal
from tests.emulator.tutorial import BUCKET

KINDS = ("Pod", "Service", "Event", "JobSet", "Job", "Node", "Deployment")
TAIL = 400
DEPLOYMENT = preset("tutorial", "demo-project", deployment_id="abc234").model_copy(update={"bucket": BUCKET})
STEPS = ("bucket", "cluster", "pool/tpu1", "pool/tpu2", "service-account", "binding/bucket",
         "binding/workload-identity", "kubernetes-account", "jobset-controller", "admin-server", "model-servers",
         "http-server")  # fmt: skip


def stood(at: float, *, down: bool = False) -> RunProgress:
    """The journal of a deployment that was made, every step done at that time."""
    kind = "down" if down else "up"
    told: list[Any] = [ev.RunStarted(at=at, run="r", kind="up", steps=STEPS)]
    for step in STEPS:
        told += [ev.StepStarted(at=at, run="r", step=step),
                 ev.Owned(at=at, run="r", step=step, kind=step, resource=step, uid="uid"),
                 ev.StepDone(at=at, run="r", step=step)]  # fmt: skip
    told.append(ev.RunFinished(at=at, run="r", kind="up", outcome="done"))
    if down:
        told.append(ev.RunStarted(at=at, run="r2", kind=kind, steps=STEPS))
    return fold(told)


class Witness:
    """Looks on at one rehearsal: every pod that ends badly is noted with its last lines, as the watch does it."""

    def __init__(self, cloud: Rehearsal) -> None:
        self.cloud = cloud
        self.fallen: dict[tuple[str, float], Fallen] = {}
        self.heard: list[Heard] = []
        self.seen: set[str] = set()
        self.listening = False
        self.picture = Picture("jobset-system")
        self.versions: dict[str, str] = {}
        self.raw: dict[str, tuple[str, bytes]] = {}
        self.progress: RunProgress | None = None
        self.more: dict[str, Any] = {}

    # -- looking
    def logs_of(self, pod: Pod) -> tuple[LogLine, ...]:
        name = pod.containers[0] if pod.containers else ""
        lines = self.cloud.store.logs.lines((pod.namespace, pod.name, name)) or ()
        return tuple(LogLine(pod.name, line.at, line.text, pod.slice, pod.host) for line in list(lines)[-TAIL:])

    def note(self, change: str, obj: dict[str, Any], before: Any) -> None:
        if obj["kind"] != "Pod" or "terminated" not in json.dumps(obj.get("status") or {}):
            return
        pod = decode.pod(msgspec.json.decode(json.dumps(obj).encode(), type=wire.Pod))
        for found in endings([pod] if pod.slice >= 0 or pod.app else []):
            self.fallen.setdefault((found.uid, found.ending.at), replace(found, lines=self.logs_of(pod)))

    def view(self) -> ClusterView:
        if not self.cloud.world.kube:
            return ClusterView()
        if not self.listening:
            self.listening = True
            self.cloud.store.listen(self.note)
        picture, present = self.picture, set()
        for kind in KINDS:
            for obj in self.cloud.store.list(kind):
                meta = obj["metadata"]
                present.add(meta["uid"])
                # What has not changed since the last look is decoded already.
                if self.versions.get(meta["uid"]) != meta["resourceVersion"]:
                    self.versions[meta["uid"]] = meta["resourceVersion"]
                    self.raw[meta["uid"]] = (kind, json.dumps(obj).encode())
                    picture.change(kind, msgspec.Raw(self.raw[meta["uid"]][1]), deleted=False)
        for uid in set(self.versions) - present:
            kind, raw = self.raw.pop(uid)
            del self.versions[uid]
            picture.change(kind, msgspec.Raw(raw), deleted=True)
        return picture.view(Freshness.LIVE, self.cloud.world.now, "")

    def models(self, view: ClusterView, logs: dict[str, tuple[LogLine, ...]]) -> tuple[ModelStatus, ...]:
        found = []
        now = self.cloud.world.now
        admin = [told for pod in view.pods.values() if pod.app == "sax-admin-server"
                 for told in read_admin(logs.get(pod.uid, ()))]  # fmt: skip
        for book in self.cloud.world.table("sax.admins").values():
            for key, row in book["models"].items():
                active = len(row["servers"])
                seen = Evidence(Rung.ASSIGNED if active else Rung.PUBLISHED, "GET /listcell", f"{active}", now)
                truths = []
                for index in view.slice_indexes:
                    first = view.hosts(index).get(0)
                    if first is None:
                        continue
                    told: list[Told] = read_server(logs.get(first.uid, ()))
                    mine = [item for item in admin if item.server.rsplit(":", 1)[0] in (first.node_ip, first.pod_ip)]
                    truths.append(replica(key, index, seen, told, mine, sure=active >= len(view.slice_indexes)))
                found.append(
                    ModelStatus(key, row["path"], row["checkpoint"], row["replicas"], active, tuple(truths), now)
                )
        return tuple(found)

    def case(self) -> Case:
        view = self.view()
        every = (*view.pods.values(), *view.system.values())
        logs = {pod.uid: lines for pod in every if (lines := self.logs_of(pod))}
        changes = {"view": view, "models": self.models(view, logs), "logs": MappingProxyType(logs),
                   "fallen": tuple(self.fallen.values()), "heard": tuple(self.heard), **self.more}  # fmt: skip
        if self.progress is not None:
            changes["progress"] = self.progress
        return replace(Case(self.cloud.world.now, DEPLOYMENT, usd_per_hour=77.18), **changes)

    def look(self) -> set[str]:
        """Which rules find something now; all that ever did are kept in `seen`."""
        now = {rule.id for rule, _ in fired(self.case())}
        self.seen |= now
        return now

    def through(self, seconds: float, step: float = 20.0) -> None:
        """Move on, looking all the time."""
        until = self.cloud.world.now + seconds
        while self.cloud.world.now < until:
            self.cloud.advance(min(step, until - self.cloud.world.now))
            self.look()

    def until(self, rule: str, at_most: float = 3600.0, step: float = 10.0) -> float:
        """Move on until that rule finds something; the seconds it took."""
        start = self.cloud.world.now
        while rule not in self.look():
            assert self.cloud.world.now - start < at_most, f"{rule} never; fired: {sorted(self.seen)}"
            self.cloud.advance(step)
        return self.cloud.world.now - start

    # -- prompts
    async def prompt(self, at_most: float = 120.0) -> None:
        """One prompt, heard of as the product would: an answer, an error, or none in time."""
        future = self.cloud.prompt()
        start = self.cloud.world.now
        await self.cloud.settle()
        while not future.done() and self.cloud.world.now - start < at_most:
            self.cloud.advance(1.0)
            await self.cloud.settle()
        now = self.cloud.world.now
        if not future.done():
            self.heard.append(Heard("generate", f"no answer in {at_most:.0f} s", now, waited=at_most))
            future.cancel()
            await asyncio.gather(future, return_exceptions=True)
            return
        self.heard.append(self._answer(future.result(), now))

    @staticmethod
    def _answer(answer: ProxyResponse | NoAnswer, now: float) -> Heard:
        if not isinstance(answer, ProxyResponse):
            return Heard("generate", "the server dropped the connection without an answer", now)
        if answer.status == 200:
            try:
                json.loads(answer.body)
            except ValueError:
                return Heard("generate", "the answer is not JSON", now)
            return Heard("generate", "", now, ok=True)
        said = sax_errors.from_response(answer.status, answer.body, "generate with", "m").problem.said
        return Heard("generate", said, now)


def failed(step: str, problem: Problem, at: float) -> RunProgress:
    """The journal of a run that stopped at that step."""
    return fold([
        ev.RunStarted(at=at, run="r", kind="up", steps=STEPS),
        ev.StepStarted(at=at, run="r", step=step),
        ev.StepFailed(at=at, run="r", step=step, problem=problem),
        ev.RunFinished(at=at, run="r", kind="up", outcome="failed", said=problem.said),
    ])  # fmt: skip


def google_problem(said: Any, tried: str, target: str) -> Problem:
    """What the product makes of an answer of the embedded cloud's Google APIs."""
    answer = google_errors.read_answer(said.status, said.raw, said.headers)
    return google_errors.from_answer(answer, tried, target, "demo-project").problem
