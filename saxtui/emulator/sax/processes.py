"""The Sax programs that run in containers: which, since when, with what environment, and where their log goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from saxtui.emulator.controllers.base import image_name, image_tag, spec
from saxtui.emulator.controllers.kubelet import exit_container
from saxtui.emulator.sax import lines
from saxtui.emulator.world import World

Json = dict[str, Any]
Program = Callable[[Json], None]


class Processes:
    """Rows by run in the table "sax.processes"; programs hear of their own starts and ends.

    A row: run, cluster, namespace, pod, uid, container, program, tag, ip, node, env, args, thread, started.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._rows = world.table("sax.processes")
        self._programs: dict[str, tuple[Program, Program]] = {}
        world.hook("container.started", self._started)
        world.hook("container.stopped", self._stopped)

    def play(self, program: str, started: Program, stopped: Program) -> None:
        """Who plays containers of that image name; each gets the process row."""
        self._programs[program] = (started, stopped)

    def get(self, run: str) -> Json | None:
        """The process of that run while it lives."""
        return self._rows.get(run)

    def of_pod(self, cluster: str, namespace: str, pod: str) -> Json | None:
        """The Sax process in that pod, if one runs."""
        for row in self._rows.values():
            if (row["cluster"], row["namespace"], row["pod"]) == (cluster, namespace, pod):
                return row
        return None

    def all(self, program: str) -> list[Json]:
        """Every live process of a program, oldest first."""
        return [row for row in self._rows.values() if row["program"] == program]

    def log(self, process: Json, text: str) -> None:
        """Append to the container's log."""
        store = self.world.kube.get(process["cluster"])
        if store is not None:
            store.append_log(process["namespace"], process["pod"], process["container"], text)

    def python(self, process: Json, where: str, message: str, level: str = "I") -> None:
        """An absl line of a Python program."""
        self.log(process, lines.absl(self.world.now, level, process["thread"], where, message))

    def go(self, process: Json, where: str, message: str, level: str = "I") -> None:
        """A glog line of a Go program."""
        self.log(process, lines.glog(self.world.now, level, where, message))

    def exit(self, process: Json, code: int) -> None:
        """The program ends itself."""
        place = (process["cluster"], process["namespace"], process["pod"], process["container"])
        exit_container(self.world, *place, code, run=process["run"])

    def _started(self, payload: Json) -> None:
        program = image_name(payload["image"])
        if program not in self._programs:
            return
        store = self.world.kube[payload["cluster"]]
        pod = store.get("Pod", payload["namespace"], payload["pod"])
        if pod is None:
            return
        container = next(each for each in spec(pod)["containers"] if each["name"] == payload["container"])
        row = {
            **payload,
            "program": program,
            "tag": image_tag(payload["image"]),
            "env": {each["name"]: str(each.get("value", "")) for each in container.get("env") or ()},
            "args": [str(each) for each in container.get("args") or ()],
            "thread": 139_000_000_000_000 + self.world.rng.randrange(10**12),
            "started": self.world.now,
        }
        self._rows[payload["run"]] = row
        self._programs[program][0](row)

    def _stopped(self, payload: Json) -> None:
        row = self._rows.pop(payload["run"], None)
        if row is not None:
            self._programs[row["program"]][1](row)


def flag(process: Json, name: str, default: str = "") -> str:
    """The value of `--name=value` in the container's args."""
    for argument in process["args"]:
        key, _, value = argument.lstrip("-").partition("=")
        if key == name:
            return str(value)
    return default
