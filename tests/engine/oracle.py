"""What must hold in the fake world after every life of saxtui, whatever happened in it."""

from __future__ import annotations

import copy
from typing import Any

from saxtui.engine.runs.result import RunResult
from saxtui.errors import ExitCode
from saxtui.model.deployment import Deployment
from saxtui.model.progress import Ownership
from saxtui.ports import Ref
from tests.engine.fake_world import World

KNOWN = frozenset({Ownership.INTENT, Ownership.OPERATION, Ownership.OWNED, Ownership.UNKNOWN, Ownership.DELETING})
_STEPS = {
    "bucket": "bucket", "object": "bucket", "cluster": "cluster", "account": "service-account",
    "deployment/sax-http": "http-server", "service/sax-http-lb": "http-server",
    "deployment/sax-admin-server": "admin-server", "jobset/sax-model-server-set": "model-servers",
    "serviceaccount/sax-sa": "kubernetes-account", "namespace/sax": "kubernetes-account",
}  # fmt: skip
_MUTATING = ("create", "delete", "apply", "set", "size")


def step_of(call: str) -> str:
    """The step a mutating call of the fake world belongs to, "" for the writer's lease and mirror."""
    verb, what, *rest = call.split()
    if verb == "set":
        return {"bucket": "binding/bucket", "project": "binding/project"}.get(rest[0], "binding/workload-identity")
    if what == "pool":
        return f"pool/{rest[0]}"
    if verb == "put" or (what == "object" and rest[0].startswith("saxtui/")):
        return ""
    return _STEPS.get(what, "jobset-controller")


def is_mutating(call: str) -> bool:
    """Whether the call changes something that a step answers for."""
    return call.startswith(_MUTATING)


def watch_order(world: World) -> None:
    """From now on fail at any request that leaves before the journal holds what it is about."""

    def rule(when: str, call: str) -> None:
        if when != "before" or not is_mutating(call) or not (step := step_of(call)):
            return
        held = world.progress.step(step).ownership
        if call.startswith("size "):
            asked = world.progress.step(step).resizing
            assert asked == int(call.split()[-1]), f"{call} was sent while the journal said {step} goes to {asked}"
            return
        wanted = {Ownership.DELETING} if call.startswith("delete ") else {Ownership.INTENT}
        if call.startswith("set "):
            wanted |= {Ownership.DELETING}
        assert held in wanted, f"{call} was sent while the journal said {step} is {held}"

    world.rules.append(rule)


class Oracle:
    """Knows what was there before us, and so what is ours."""

    def __init__(self, world: World, deployment: Deployment) -> None:
        self.world = world
        self.deployment = deployment
        self.before = self.foreign()

    def ours(self) -> dict[str, str]:
        """Step → the name of something of ours that exists."""
        world, mark = self.world, self.deployment.id
        found: dict[str, str] = {}
        for name, row in world.buckets.items():
            if row["labels"].get("saxtui-deployment") == mark:
                found["bucket"] = name
        for name, row in world.clusters.items():
            if row["labels"].get("saxtui-deployment") == mark:
                found["cluster"] = name
        for name, row in world.pools.items():
            if row["spec"]["config"].get("resourceLabels", {}).get("saxtui-deployment") == mark:
                found[f"pool/{name}"] = name
        for email, account in world.accounts.items():
            if account.description == f"saxtui-deployment={mark}":
                found["service-account"] = email
        for ref, item in world.kube.items():
            if (item["metadata"].get("labels") or {}).get("saxtui-deployment") == mark and ref.kind != "Pod":
                found[_STEPS.get(str(ref), "jobset-controller")] = str(ref)
        if "sax-http-lb" in world.addresses:
            found["http-server"] = "the load balancer's address"
        return found

    def foreign(self) -> dict[str, Any]:
        """Everything that is not ours, to be compared."""
        world, mark = self.world, f"saxtui-deployment={self.deployment.id}"
        ours = {name for step, name in self.ours().items() if step == "bucket"}
        members = (self.deployment.service_account_email, f"[{self.deployment.namespace}/")
        policies = {
            (target.kind, target.name): sorted(
                (item["role"], str(item.get("condition")), member)
                for item in policy["bindings"]
                for member in item["members"]
                if not any(ours_ in member for ours_ in members)
            )
            for target, policy in world.policies.items()
        }
        return copy.deepcopy(
            {
                "buckets": {name: row for name, row in world.buckets.items() if name not in ours},
                "objects": {
                    (bucket, key): item.generation
                    for bucket, items in world.objects.items()
                    for key, item in items.items()
                    if not key.startswith(("sax-root/", "sax-fs-root/", "saxtui/"))
                },
                "accounts": {email: row for email, row in world.accounts.items() if row.description != mark},
                "clusters": {
                    name: (row["uid"], row["status"])
                    for name, row in world.clusters.items()
                    if row["labels"].get("saxtui-deployment") != self.deployment.id
                },
                "kube": {
                    str(ref): item
                    for ref, item in world.kube.items()
                    if self._is_foreign(ref, item) and "cluster" not in self.ours()
                },
                "policies": {key: rows for key, rows in policies.items() if rows},
                "addresses": {name: value for name, value in world.addresses.items() if name != "sax-http-lb"},
            }
        )

    def nothing_lost(self) -> None:
        """Nothing foreign was touched, and the journal knows of everything of ours that exists."""
        assert self.foreign() == self.before, "something foreign was touched"
        for step, name in self.ours().items():
            held = self.world.progress.step(step).ownership
            assert held in KNOWN, f"{name} exists, but the journal says {step} is {held}"

    def after(self, result: RunResult) -> None:
        """What a run that ended says is true."""
        self.nothing_lost()
        left = self.ours()
        if result.kind == "down" and result.exit_code is ExitCode.DONE:
            assert not left, f"down said done, but {left} exist"
            assert all(proof.proof for proof in result.proofs), "a row without a proof"
        if left:
            assert result.kind in ("up", "pause", "resume") or result.exit_code in (
                ExitCode.BILLABLE,
                ExitCode.DOUBT,
            ), (left, result)
        unknown = [step.id for step in self.world.progress.steps.values() if step.ownership is Ownership.UNKNOWN]
        assert not unknown or result.exit_code is ExitCode.DOUBT or not _recorded(result), f"{unknown} not said"

    def all_gone(self) -> None:
        """The world is as it was before us, and every step that was ever ours is proved gone."""
        self.nothing_lost()
        assert not self.ours(), f"leaked: {self.ours()}"
        assert self.bindings() == 0, "a binding of ours is left"
        open_ = [step.id for step in self.world.progress.steps.values() if step.ownership in KNOWN]
        assert not open_, f"no proof for {open_}"

    def bindings(self) -> int:
        """How many bindings hold our member, apart from those that were there before us."""
        members = (self.deployment.service_account_email, f"[{self.deployment.namespace}/")
        return sum(
            any(ours in member for ours in members)
            for policy in self.world.policies.values()
            for item in policy["bindings"]
            for member in item["members"]
        ) - getattr(self, "planted", 0)

    def _is_foreign(self, ref: Ref, item: dict[str, Any]) -> bool:
        labels = item["metadata"].get("labels") or {}
        return labels.get("saxtui-deployment") != self.deployment.id and ref.kind != "Pod"


def _recorded(result: RunResult) -> bool:
    return not any(found.tried == "record" for found in result.problems)
