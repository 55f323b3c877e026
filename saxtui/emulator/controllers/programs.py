"""What runs in containers that are not Sax: the JobSet controller's few log lines, and batch work that ends."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import image_name, spec
from saxtui.emulator.controllers.kubelet import exit_container
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SAX = re.compile(r"sax-(admin-server|model-server|http)")
EXIT_HANDLER = "programs.exit"
BATCH_SECONDS = 10.0


class Programs:
    """Plays the containers nobody else plays."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.hook("container.started", self._started)
        world.on(EXIT_HANDLER, self._exit)

    def _started(self, payload: Json) -> None:
        store = self._world.kube[payload["cluster"]]
        name = image_name(payload["image"])
        if name == "jobset":
            for line in _jobset_lines(self._world.stamp(), payload["pod"]):
                store.append_log(payload["namespace"], payload["pod"], payload["container"], line)
        elif not SAX.fullmatch(name):
            self._batch(store, payload)

    def _batch(self, store: KubeStore, payload: Json) -> None:
        """Containers of batch pods end well after a while: that of a `sleep N` in their command, if there is one."""
        pod = store.get("Pod", payload["namespace"], payload["pod"])
        if pod is None or spec(pod).get("restartPolicy") == "Always":
            return
        container = next(each for each in spec(pod)["containers"] if each["name"] == payload["container"])
        words = " ".join([*(container.get("command") or ()), *(container.get("args") or ())])
        found = re.search(r"\bsleep\s+(\d+|infinity)", words)
        if found is not None and found.group(1) == "infinity":
            return
        seconds = float(found.group(1)) if found is not None else BATCH_SECONDS
        keys = ("cluster", "namespace", "pod", "container", "run")
        self._world.after(seconds, EXIT_HANDLER, **{key: payload[key] for key in keys})

    def _exit(self, payload: Json) -> None:
        exit_container(
            self._world,
            payload["cluster"],
            payload["namespace"],
            payload["pod"],
            payload["container"],
            0,
            run=payload["run"],
        )


def jobset_line(stamp: str, level: str, name: str, message: str, **fields: Any) -> str:
    """A line of a controller-runtime manager's console log."""
    tail = "\t" + json.dumps(fields) if fields else ""
    return f"{stamp}\t{level}\t{name}\t{message}{tail}" if name else f"{stamp}\t{level}\t{message}{tail}"


def _jobset_lines(stamp: str, pod: str) -> list[str]:
    return [
        jobset_line(stamp, "INFO", "setup", "waiting for certs to be ready"),
        jobset_line(stamp, "INFO", "controller-runtime.metrics", "Starting metrics server"),
        jobset_line(stamp, "INFO", "cert-rotation", "certs are ready in /tmp/k8s-webhook-server/serving-certs"),
        jobset_line(stamp, "INFO", "setup", "starting manager", identity=pod),
        jobset_line(stamp, "INFO", "controller-runtime.webhook", "Serving webhook server", host="", port=9443),
        jobset_line(stamp, "INFO", "", "Starting workers", controller="jobset", **{"worker count": 1}),
        jobset_line(stamp, "INFO", "", "Starting workers", controller="pod", **{"worker count": 1}),
    ]
