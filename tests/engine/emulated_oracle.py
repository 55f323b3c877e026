"""What must hold in an embedded cloud after every life of saxtui, whatever happened in it.

The same promises as `oracle`, read from the emulator's own tables.
"""

from __future__ import annotations

import copy
from typing import Any

from saxtui.emulator.google.wire import Answer, Request
from saxtui.emulator.world import World
from saxtui.engine.runs.result import RunResult
from saxtui.errors import ExitCode
from saxtui.model.deployment import Deployment
from saxtui.model.progress import Ownership, RunProgress
from tests.engine.oracle import KNOWN

Key = tuple[str, ...]
_LABEL = "saxtui-deployment"
_COMPUTE = ("compute.addresses", "compute.forwardingRules", "compute.leftovers")


class EmulatedOracle:
    """Knows what was there before us, and so what is ours. `planted`: keys of Compute Engine rows that are ours too."""

    def __init__(self, world: World, deployment: Deployment) -> None:
        self.world = world
        self.deployment = deployment
        self.planted: set[str] = set()
        self._mine = (deployment.service_account_email, f"[{deployment.namespace}/")
        self._foreign: dict[Key, Any] = {}
        self._bindings: set[Key] = set()
        self._before = frozenset(self._bindings_of_ours())
        self.see()

    # -- what is ours
    def ours(self) -> dict[str, str]:
        """Step → the name of something of ours that exists."""
        world, mark = self.world, self.deployment.id
        found: dict[str, str] = {}
        for name, row in world.table("storage.buckets").items():
            if (row.get("labels") or {}).get(_LABEL) == mark:
                found["bucket"] = name
        for key, row in world.table("gke.clusters").items():
            if (row.get("resourceLabels") or {}).get(_LABEL) == mark:
                found["cluster"] = key
        for key, row in world.table("gke.pools").items():
            if (row.get("config", {}).get("resourceLabels") or {}).get(_LABEL) == mark and "placementPolicy" in row:
                found[f"pool/{key.rsplit('/', 1)[1]}"] = key
        for email, row in world.table("iam.accounts").items():
            if f"saxtui-deployment={mark}" in row.get("description", ""):
                found["service-account"] = email
        for target, role, member, _ in self._bindings_of_ours() - self._before:
            kind = {"service-account": "workload-identity"}.get(target.partition(":")[0], target.partition(":")[0])
            found[f"binding/{kind}"] = f"{role} of {member}"
        return found

    def _bindings_of_ours(self) -> set[Key]:
        return {key for key in self._all_bindings() if self._is_mine(key[2])}

    def _all_bindings(self) -> set[Key]:
        """(target, role, member, since when the target is there)."""
        return {
            (target, str(binding["role"]), str(member), self._since(target))
            for target, policy in self.world.table("iam.policies").items()
            for binding in policy["bindings"]
            for member in binding["members"]
        }

    def _since(self, target: str) -> str:
        kind, _, name = target.partition(":")
        bucket, account = self.world.table("storage.buckets").get(name), self.world.table("iam.accounts").get(name)
        if kind == "bucket":
            return str(bucket["timeCreated"]) if bucket else "gone"
        return str(account["uniqueId"]) if account else ""

    def _is_mine(self, member: str) -> bool:
        return any(part in member for part in self._mine)

    # -- what is not
    def foreign(self) -> dict[Key, Any]:
        """Everything that is not ours, by what it is and since when it is there."""
        world, ours = self.world, set(self.ours().values())
        found: dict[Key, Any] = {}
        for name, row in world.table("storage.buckets").items():
            if name not in ours:
                found["bucket", name, row["timeCreated"]] = row.get("labels")
        for key, row in world.table("storage.objects").items():
            if key.partition("/")[0] not in ours:
                found["object", key] = row["generation"]
        for key, row in world.table("gke.clusters").items():
            if key not in ours:
                found["cluster", key, row["createTime"]] = (row.get("resourceLabels"), row["status"] == "STOPPING")
        for email, row in world.table("iam.accounts").items():
            if email not in ours:
                found["account", email, row["uniqueId"]] = row.get("description")
        for table in _COMPUTE:
            for key, row in world.table(table).items():
                if not self._is_our_row(key, row):
                    found["compute", key] = row
        return copy.deepcopy(found)

    def _is_our_row(self, key: str, row: Any) -> bool:
        return key in self.planted or '/sax-http-lb"' in row.get("description", "")

    def see(self) -> None:
        """Whatever of others' was there is there still, as it was; what is new of theirs is remembered.

        Raises AssertionError.
        """
        now = self.foreign()
        for key, value in self._foreign.items():
            assert now.get(key) == value, f"something foreign was touched: {key} was {value}, is {now.get(key)}"
        self._foreign = now
        self.see_bindings()

    def heard(self, request: Request, _answer: Answer) -> None:
        """After each write of a policy: nobody else's binding is lost, also those that have just come."""
        if request.method != "GET" and ("IamPolicy" in request.path or request.path.endswith("/iam")):
            self.see_bindings()

    def see_bindings(self) -> None:
        """As `see`, for bindings: those of a resource that is gone are gone with it."""
        now = {key for key in self._all_bindings() if not self._is_mine(key[2])}
        there = {(target, self._since(target)) for target in self.world.table("iam.policies")}
        lost = {key for key in self._bindings - now if (key[0], key[3]) in there}
        assert not lost, f"somebody else's bindings were lost: {sorted(lost)}"
        self._bindings = now

    # -- what must hold
    def nothing_lost(self, progress: RunProgress) -> None:
        """Nothing foreign was touched, and the journal knows of everything of ours that exists."""
        self.see()
        for step, name in self.ours().items():
            held = progress.step(step).ownership
            assert held in KNOWN, f"{name} exists, but the journal says {step} is {held}"

    def after(self, result: RunResult, progress: RunProgress) -> None:
        """What a run that ended says is true."""
        self.nothing_lost(progress)
        left = self.ours()
        if result.kind == "down" and result.exit_code is ExitCode.DONE:
            assert not left, f"down said done, but {left} exist"
            assert not self.orphans(), f"down said done, but {self.orphans()} are left"
            assert all(proof.proof for proof in result.proofs), "a row without a proof"
        if left and result.kind == "down":
            assert result.exit_code in (ExitCode.BILLABLE, ExitCode.DOUBT), (left, result)
        unknown = [step.id for step in progress.steps.values() if step.ownership is Ownership.UNKNOWN]
        assert not unknown or result.exit_code is ExitCode.DOUBT, f"{unknown} not said: {result}"

    def orphans(self) -> list[str]:
        """Rows of Compute Engine that are ours."""
        return sorted(
            key for table in _COMPUTE for key, row in self.world.table(table).items() if self._is_our_row(key, row)
        )

    def all_gone(self, progress: RunProgress) -> None:
        """Nothing of ours is left, and every step that was ever ours is proved gone."""
        self.nothing_lost(progress)
        assert not self.ours(), f"leaked: {self.ours()}"
        assert not self.orphans(), f"leaked: {self.orphans()}"
        open_ = [step.id for step in progress.steps.values() if step.ownership in KNOWN]
        assert not open_, f"no proof for {open_}"
