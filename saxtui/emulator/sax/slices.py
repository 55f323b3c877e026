"""Slices of model-server hosts: when enough of them run they form one JAX group; when one is lost the group hangs.

Rows in the table "sax.slices", by group ("cluster|namespace|job", or the pod's own name where there is no Job):
size, chips, hbm_gb, waiting {index: run}, members {index: run}, epoch, broken, models {key: {path, checkpoint, state}},
queue [actions], busy, free_at. A group forms only of fresh processes: a host that comes back alone waits for ever.
"""

from __future__ import annotations

import re
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.controllers.base import annotations_of, labels, spec
from saxtui.emulator.controllers.job import JOB_NAME, index_of
from saxtui.emulator.controllers.machines import hbm_gb
from saxtui.emulator.controllers.nodes import ACCELERATOR_LABEL
from saxtui.emulator.controllers.pods import TPU, requests
from saxtui.emulator.sax.processes import Processes

Json = dict[str, Any]
FORMED = "sax.slice.formed"
INDEX = "batch.kubernetes.io/job-completion-index"


class Slices:
    """Who is with whom. Starts the timer FORMED (payload: slice, epoch) when a group is complete."""

    def __init__(self, processes: Processes) -> None:
        self._world = processes.world
        self._processes = processes
        self._rows = processes.world.table("sax.slices")

    def get(self, key: str) -> Json:
        """The row of a group that exists."""
        return self._rows[key]

    def find(self, key: str) -> Json | None:
        """The row of a group, or None."""
        return self._rows.get(key)

    def started(self, process: Json) -> None:
        """A host's program runs: it waits for the others."""
        key, index = self._place(process)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._new(process, key)
        process["slice"], process["index"] = key, index
        row["waiting"][str(index)] = process["run"]
        if len(row["waiting"]) == row["size"] and not self._blocked(key):
            self._form(key, row)

    def _blocked(self, key: str) -> bool:
        """Whether the scenario keeps the hosts of that Job from reaching each other."""
        job = key.rsplit("|", 1)[1]
        return any(re.search(fault["jobs"], job) for fault in scenarios.states(self._world, "mesh-blocked"))

    def stopped(self, process: Json) -> None:
        """A host's program is gone: a formed group can never go on without it."""
        row = self._rows.get(process.get("slice", ""))
        if row is None:
            return
        index = str(process["index"])
        if row["waiting"].get(index) == process["run"]:
            del row["waiting"][index]
        if row["members"].get(index) == process["run"]:
            row["broken"] = True
            del row["members"][index]
        if not row["waiting"] and not row["members"]:
            del self._rows[process["slice"]]

    def alive(self, key: str, epoch: int) -> Json | None:
        """The row while that formation of the group is whole, else None."""
        row = self._rows.get(key)
        return row if row is not None and row["epoch"] == epoch and not row["broken"] else None

    def members(self, row: Json) -> list[Json]:
        """The member processes that live, primary first."""
        found = (self._processes.get(row["members"][index]) for index in sorted(row["members"], key=int))
        return [process for process in found if process is not None]

    def _form(self, key: str, row: Json) -> None:
        row["members"], row["waiting"] = row["waiting"], {}
        row["epoch"] = self._world.next_seq()
        row.update(broken=False, models={}, queue=[], busy=False, free_at=0.0)
        wait = 12.0 * self._world.rng.uniform(0.85, 1.15)
        self._world.after(wait, FORMED, slice=key, epoch=row["epoch"])

    def _place(self, process: Json) -> tuple[str, int]:
        pod = self._pod(process)
        job = labels(pod).get(JOB_NAME, "")
        indexed = INDEX in annotations_of(pod)
        group = job if job and indexed else process["pod"]
        return f"{process['cluster']}|{process['namespace']}|{group}", max(0, index_of(pod)) if indexed else 0

    def _pod(self, process: Json) -> Json:
        return self._world.kube[process["cluster"]].get("Pod", process["namespace"], process["pod"]) or {}

    def _new(self, process: Json, key: str) -> Json:
        store = self._world.kube[process["cluster"]]
        job = store.get("Job", process["namespace"], key.rsplit("|", 1)[1])
        size = int(spec(job).get("completions") or 1) if job is not None else 1
        node = store.get("Node", "", process["node"]) or {}
        host_chips = int(requests(self._pod(process)).get(TPU, 0)) or 1
        return {
            "size": size,
            "host_chips": host_chips,
            "chips": size * host_chips,
            "hbm_gb": hbm_gb(labels(node).get(ACCELERATOR_LABEL, "")),
            "waiting": {},
            "members": {},
            "epoch": 0,
            "broken": False,
            "models": {},
            "queue": [],
            "busy": False,
            "free_at": 0.0,
        }
