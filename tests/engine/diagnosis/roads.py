"""Which scenario fires which rule, and the road there: several scenarios share one embedded cloud, to save time.

A scenario that waits for the first load is put in at once where the road needs no load: `now` takes the `on:` away.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.kubernetes.status import ApiError
from saxtui.engine.diagnosis import Heard
from saxtui.model import events as ev
from saxtui.model.cluster import HostState
from saxtui.model.progress import fold
from tests.emulator import tutorial
from tests.emulator.scenarios.rehearsal import Rehearsal
from tests.emulator.tutorial import admin_server, model_servers
from tests.engine.diagnosis.picture import STEPS, Witness, stood

Walk = Callable[[Witness], Awaitable[None]]
MODEL = "/sax/test/spmd"


@dataclass(frozen=True)
class Road:
    """One embedded cloud: `fires` maps each rule to the scenario that makes it fire on the way."""

    name: str
    fires: dict[str, str]
    walk: Walk


def now(cloud: Rehearsal, name: str, after: float = 1.0, **when: Any) -> None:
    """Put a shipped scenario into a running world; its faults strike `after` seconds from now."""
    document = copy.deepcopy(scenarios.read(scenarios.find(name)))
    first = None
    for fault in document["faults"]:
        moment = fault["when"]
        if "request" in moment or (
            str(moment.get("on", "")).startswith("model.load"[:10]) and moment["on"] == "model.load"
        ):
            moment.update(when)
            continue
        kept = {key: moment[key] for key in ("every", "times", "for") if key in moment}
        due = float(moment.get("after", 0.0))
        first = due if first is None else first
        fault["when"] = {"at": after + due - first, **kept, **when}
    scenarios.install(cloud.world, document, name)


def serving(witness: Witness) -> None:
    witness.cloud.serving()
    witness.progress = stood(witness.cloud.world.now)
    witness.view()


async def joined(witness: Witness) -> None:
    serving(witness)
    witness.cloud.until(witness.cloud.joined, 900, 10.0)


async def loaded(witness: Witness) -> None:
    await joined(witness)
    await witness.cloud.publish()
    witness.cloud.until(witness.cloud.loaded, 1500, 30.0)


# -- loaded, and everything still runs
async def soft(witness: Witness) -> None:
    cloud = witness.cloud
    await loaded(witness)
    for name in ("node-pressure", "node-cordoned", "node-terminating", "load-balancer-pending", "service-public",
                 "admin-doubled", "controller-deleted", "model-busy"):  # fmt: skip
        now(cloud, name)
    cloud.advance(120)
    witness.look()


async def hung(witness: Witness) -> None:
    cloud = witness.cloud
    await loaded(witness)
    now(cloud, "pod-deleted")
    witness.until("mesh-hung", 300, 20.0)
    assert all(pod.state is HostState.RUNNING for pod in witness.case().hosts)


async def held(witness: Witness) -> None:
    cloud = witness.cloud
    await loaded(witness)
    now(cloud, "http-hang")
    for _ in range(2):
        await witness.prompt(30.0)
        witness.heard[-1] = Heard("canary", witness.heard[-1].said, cloud.world.now, waited=30.0)
    witness.look()
    await witness.prompt(90.0)
    witness.look()


# -- hosts that end
async def exits(witness: Witness) -> None:
    """Four restarts, one for each way to end, and a fifth that is the end."""
    cloud = witness.cloud
    await joined(witness)
    for name in ("host-exits", "host-killed", "host-terminated", "host-faults", "host-fails"):
        cloud.until(cloud.all_running, 400, 5.0)
        now(cloud, name)
        cloud.advance(15)
        witness.look()
        cloud.advance(60)
        witness.look()


async def evicted(witness: Witness) -> None:
    await joined(witness)
    now(witness.cloud, "pod-evicted")
    witness.cloud.advance(10)
    witness.look()


# -- nodes
async def drained(witness: Witness) -> None:
    await joined(witness)
    now(witness.cloud, "node-drained")
    witness.until("mesh-waiting", 300, 30.0)


async def lost(witness: Witness) -> None:
    cloud = witness.cloud
    await joined(witness)
    cloud.advance(300)
    now(cloud, "slice-lost")
    witness.through(200, 25.0)


async def pool_deleted(witness: Witness) -> None:
    await joined(witness)
    now(witness.cloud, "pool-deleted")
    witness.through(120, 30.0)


# -- pods that stay Pending
async def wrong_topology(witness: Witness) -> None:
    serving(witness)
    witness.through(60, 20.0)


async def crowded(witness: Witness) -> None:
    """One node tainted, one without free chips, one without a free port."""
    serving(witness)
    witness.through(90, 30.0)


async def other_jobset(witness: Witness) -> None:
    await joined(witness)
    now(witness.cloud, "second-jobset")
    witness.through(160, 20.0)


async def webhook(witness: Witness) -> None:
    """The JobSet is refused while the controller has no place to run."""
    cloud = witness.cloud
    cloud.pools()
    cloud.advance(30)
    cloud.jobset_controller()
    cloud.advance(40)
    began = cloud.world.now
    try:
        cloud.store.create(model_servers())
    except ApiError as error:
        said = str(error)
    witness.progress = fold([
        ev.RunStarted(at=began, run="r", kind="up", steps=STEPS),
        ev.StepStarted(at=began, run="r", step="model-servers"),
        ev.Progress(at=began, run="r", step="model-servers", said=said),
    ])  # fmt: skip
    witness.more["at_work"] = True
    witness.look()
    cloud.advance(300)
    witness.look()


async def images(witness: Witness) -> None:
    cloud = witness.cloud
    start, ready = cloud.world.now, 300.0
    now(cloud, "image-pull-fails", after=0.0, **{"for": ready})
    for number, name in enumerate(("image-absent", "registry-unreachable", "image-damaged")):
        now(cloud, name, after=ready + 330.0 * number, **{"for": 330.0})
    serving(witness)
    assert cloud.world.now < start + ready - 20
    for number in range(4):
        cloud.advance(start + ready + 330.0 * number - 5.0 - cloud.world.now)
        witness.look()


# -- identity, bucket, admin
def crashing(scenario: str) -> Walk:
    async def walk(witness: Witness) -> None:
        serving(witness)
        witness.cloud.advance(500)
        now(witness.cloud, scenario)
        witness.through(60, 20.0)

    return walk


async def spreading(witness: Witness) -> None:
    cloud = witness.cloud
    cloud.pools()
    cloud.storage()
    cloud.account()
    cloud.advance(40)
    cloud.bind_bucket()
    cloud.bind_identity()
    witness.progress = stood(cloud.world.now)
    cloud.store.create(admin_server())
    witness.through(60, 10.0)


async def taken_away(witness: Witness) -> None:
    cloud = witness.cloud
    await joined(witness)
    for name in ("admin-scaled-away", "http-scaled-away", "service-deleted", "jobset-suspended"):
        now(cloud, name)
    cloud.advance(60)
    witness.look()
    now(cloud, "jobset-deleted")
    cloud.advance(60)
    witness.look()


async def stale_admin(witness: Witness) -> None:
    await joined(witness)
    now(witness.cloud, "admin-stale")
    witness.through(480, 60.0)


async def crash_loops(witness: Witness) -> None:
    await joined(witness)
    now(witness.cloud, "admin-crashes")
    now(witness.cloud, "http-crashes")
    witness.through(48, 6.0)


# -- meshes and models
async def deaf(witness: Witness) -> None:
    serving(witness)
    witness.cloud.advance(330)
    witness.look()


async def loads(witness: Witness) -> None:
    """One failing load after the other; between them the model is unpublished, as an operator would."""
    cloud = witness.cloud
    await joined(witness)
    for name in ("load-out-of-memory", "wrong-model-path", "no-checkpoint", "load-internal", "load-secondary"):
        times = 1 if name == "load-secondary" else 2
        now(cloud, name, times=times)
        await cloud.publish()
        cloud.advance(320 if name != "load-secondary" else 720)
        witness.look()
        await cloud.call("POST", "/unpublish", {"model": MODEL})
        cloud.advance(60)


async def slow_load(witness: Witness) -> None:
    await joined(witness)
    now(witness.cloud, "load-slow", times=2)
    await witness.cloud.publish()
    witness.cloud.advance(960)
    witness.look()


async def published(witness: Witness) -> None:
    await joined(witness)
    for name in ("model-misfit", "model-misspelt", "model-short"):
        now(witness.cloud, name)
    witness.cloud.advance(90)
    witness.look()


async def prompts(witness: Witness) -> None:
    cloud = witness.cloud
    await joined(witness)
    for name in ("http-500", "http-drop", "http-garbage", "http-no-cell"):
        now(cloud, name, times=1)
        for _ in range(2 if name == "http-garbage" else 1):
            await witness.prompt()
            witness.look()


ROADS = (
    Road("loaded, and others meddle", {
        "node-pressure": "node-pressure", "node-cordoned": "node-cordoned", "node-terminating": "node-terminating",
        "balancer-pending": "load-balancer-pending", "balancer-public": "service-public",
        "admin-doubled": "admin-doubled", "controller-away": "controller-deleted", "model-busy": "model-busy",
    }, soft),
    Road("hung", {"mesh-hung": "pod-deleted"}, hung),
    Road("held", {"http-one-at-a-time": "http-hang", "slice-mute": "http-hang"}, held),
    Road("exits", {
        "exit-memory": "host-exits", "exit-killed": "host-killed", "exit-terminated": "host-terminated",
        "exit-fault": "host-faults", "exit-error": "host-fails", "jobset-restarting": "host-exits",
        "jobset-nearly": "max-restarts", "jobset-max-restarts": "max-restarts",
    }, exits),
    Road("evicted", {"exit-evicted": "pod-evicted"}, evicted),
    Road("drained", {"pending-cordoned": "node-drained", "mesh-waiting": "node-drained"}, drained),
    Road("lost", {"node-silent": "slice-lost", "node-lost": "slice-lost"}, lost),
    Road("pool deleted", {"pending-no-pool": "pool-deleted"}, pool_deleted),
    Road("wrong topology", {"pending-selector": "wrong-topology", "pending-leader": "wrong-topology"}, wrong_topology),
    Road("crowded", {"pending-taint": "node-tainted", "pending-chips-taken": "chips-taken",
                     "pending-ports-taken": "ports-taken"}, crowded),
    Road("other jobset", {"pending-exclusive": "second-jobset"}, other_jobset),
    Road("webhook", {"pending-cpu-full": "cpu-pool-full", "webhook-starting": "webhook-slow",
                     "webhook-dead": "webhook-never-ready"}, webhook),
    Road("images", {"image-denied": "image-pull-fails", "image-absent": "image-absent",
                    "image-unreachable": "registry-unreachable", "image-fails": "image-damaged"}, images),
    Road("access removed", {"bucket-refused": "access-removed"}, crashing("access-removed")),
    Road("identity unbound", {"identity-token": "identity-unbound"}, crashing("identity-unbound")),
    Road("account unannotated", {"identity-unmapped": "account-unannotated"}, crashing("account-unannotated")),
    Road("bucket deleted", {"bucket-gone": "bucket-deleted"}, crashing("bucket-deleted")),
    Road("spreading", {"identity-spreading": "iam-delay"}, spreading),
    Road("taken away", {"admin-away": "admin-scaled-away", "http-away": "http-scaled-away",
                        "http-no-service": "service-deleted", "jobset-suspended": "jobset-suspended",
                        "jobset-gone": "jobset-deleted"}, taken_away),
    Road("stale admin", {"admin-not-found": "admin-stale"}, stale_admin),
    Road("crash loops", {"admin-crash-loop": "admin-crashes", "http-crash-loop": "http-crashes"}, crash_loops),
    Road("deaf", {"mesh-deaf": "mesh-blocked"}, deaf),
    Road("loads", {"load-hbm": "load-out-of-memory", "load-class": "wrong-model-path",
                   "load-checkpoint": "no-checkpoint", "load-fails": "load-internal",
                   "load-secondary": "load-secondary"}, loads),
    Road("slow load", {"load-slow": "load-slow"}, slow_load),
    Road("published", {"model-misfit": "model-misfit", "model-not-offered": "model-misspelt",
                       "model-short": "model-short"}, published),
    Road("prompts", {"http-refuses": "http-500", "http-drops": "http-drop", "http-garbled": "http-garbage",
                     "http-no-cell": "http-no-cell"}, prompts),
)  # fmt: skip
BEFORE = {
    "wrong topology": ("wrong-topology",),
    "crowded": ("node-tainted", "chips-taken", "ports-taken"),
    "webhook": ("cpu-pool-full",),
    "spreading": ("iam-delay",),
    "deaf": ("mesh-blocked",),
}
"""Scenarios that are in the world from its beginning."""


class Quick(Rehearsal):
    """Its pools stand at once: how GKE makes them is not what these roads are about."""

    def pools(self, slices: int = 2) -> None:
        self.world.tell("cluster.running", cluster=tutorial.CLUSTER)
        tutorial.Cloud.pools(self, slices)

    storage = tutorial.Cloud.storage
    bind_bucket = tutorial.Cloud.bind_bucket
    bind_identity = tutorial.Cloud.bind_identity


THROUGH_GKE = frozenset({"lost", "pool deleted", "spreading"})
"""Roads on which GKE itself takes nodes away, or IAM counts the seconds."""


_TRAVELLED: dict[str, Witness] = {}


async def travel(road: Road) -> Witness:
    """Walk it, once a process; the witness knows every rule that fired. Its world stays as it is."""
    if road.name in _TRAVELLED:
        return _TRAVELLED[road.name]
    cloud = Rehearsal() if road.name in THROUGH_GKE else Quick()
    for name in BEFORE.get(road.name, ()):
        scenarios.load(cloud.world, name)
    witness = Witness(cloud)
    await road.walk(witness)
    _TRAVELLED[road.name] = witness
    return witness
