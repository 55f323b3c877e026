"""The kubelet of every node: pulls, starts, restarts and stops containers, and writes the pod's status.

A container's life is told to whoever plays its program: topics `container.started` (cluster, namespace, pod, uid,
container, image, run, ip, node) and `container.stopped` (cluster, run). `run` names one start of one container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import deleting, epoch, meta, owner, spec, status
from saxtui.emulator.controllers.images import pull_problem, size_mb, slow_readiness
from saxtui.emulator.controllers.kubelet_rows import PodRows
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
EXIT_TOPIC = "container.exit"
BACKOFF_FIRST, BACKOFF_MOST, BACKOFF_FORGET = 10.0, 300.0, 600.0


def exit_container(
    world: World,
    cluster: str,
    namespace: str,
    pod: str,
    container: str,
    code: int,
    reason: str = "",
    *,
    run: str = "",
) -> None:
    """End a running container with that exit code, as a crash or a fault would.

    `reason` "" = Error or Completed; with `run`, only if that start of it is still the one that runs.
    """
    why = reason or ("Completed" if code == 0 else "Error")
    payload = {"cluster": cluster, "namespace": namespace, "pod": pod, "container": container, "code": code}
    world.tell(EXIT_TOPIC, **payload, reason=why, run=run)


class Kubelet:
    """Acts on pods that are bound to a node. Rows in the table "kubelet.pods", by uid."""

    kinds = ("Pod",)

    def __init__(self, world: World) -> None:
        self._world = world
        self._pods = PodRows(world)
        world.hook(EXIT_TOPIC, self._exited)
        world.hook("cluster.deleted", self._cluster_gone)
        for name, handler in (
            ("accept", self._accept),
            ("pull", self._pull),
            ("pulled", self._pulled),
            ("start", self._start),
            ("restart", self._restart),
            ("ready", self._ready),
            ("stop", self._stop),
        ):
            world.on(f"kubelet.{name}", handler)

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """Take in pods bound to a node; stop those being deleted; forget those that are gone."""
        uid = meta(obj)["uid"]
        if event == "DELETED":
            self._forget(uid)
            return
        if not spec(obj).get("nodeName") or owner(obj).get("kind") == "DaemonSet":
            return  # the pods of a node's own agents live and die with it: device_plugin.py
        if self._pods.row(uid) is None and status(obj).get("phase", "Pending") == "Pending":
            self._pods.add(store, obj)
            self._world.after(self._world.rng.uniform(0.2, 0.6), "kubelet.accept", uid=uid)
        if event == "MODIFIED" and deleting(obj):
            self._begin_stop(store, obj)

    # -- starting
    def _accept(self, payload: Json) -> None:
        row = self._pods.row(payload["uid"])
        if row is None:
            return
        self._pods.meet(self._world.kube[row["cluster"]], row)
        self._pods.write(row)
        for name in row["containers"]:
            self._world.after(self._world.rng.uniform(0.5, 2.0), "kubelet.pull", uid=row["uid"], container=name)

    def _pull(self, payload: Json) -> None:
        row = self._pods.row(payload["uid"])
        pod = self._pods.pod(row)
        if row is None or pod is None or row["leaving"]:
            return
        store = self._world.kube[row["cluster"]]
        self._pods.address(store, row, pod)
        container = row["containers"][payload["container"]]
        image = container["image"]
        cache = self._world.table("kubelet.images").setdefault(f"{row['cluster']}|{row['node']}", {})
        if image in cache:
            message = f'Container image "{image}" already present on machine'
            self._pods.event(row, pod, "Pulled", message)
            wait, next_step = self._world.rng.uniform(0.5, 1.5), "kubelet.start"
        else:
            self._pods.event(row, pod, "Pulling", f'Pulling image "{image}"')
            wait, next_step = self._world.rng.uniform(18.0, 36.0), "kubelet.pulled"
            if pull_problem(self._world, image):
                wait = self._world.rng.uniform(0.5, 1.5)
        self._world.after(wait, next_step, uid=row["uid"], container=container["name"], waited=wait)

    def _pulled(self, payload: Json) -> None:
        row = self._pods.row(payload["uid"])
        pod = self._pods.pod(row)
        if row is None or pod is None or row["leaving"]:
            return
        container = row["containers"][payload["container"]]
        image = container["image"]
        problem = pull_problem(self._world, image)
        if problem:
            self._pull_failed(row, pod, container, problem)
            return
        self._world.table("kubelet.images").setdefault(f"{row['cluster']}|{row['node']}", {})[image] = True
        took = f"{payload['waited']:.3f}s"
        message = f'Successfully pulled image "{image}" in {took} ({took} including waiting). '
        size = f"Image size: {size_mb(image) * 1_000_003} bytes."
        self._pods.event(row, pod, "Pulled", message + size)
        wait = self._world.rng.uniform(0.5, 2.0)
        self._world.after(wait, "kubelet.start", uid=row["uid"], container=container["name"])

    def _pull_failed(self, row: Json, pod: Json, container: Json, problem: str) -> None:
        image, name = container["image"], container["name"]
        tries = container["pulls"] = container.get("pulls", 0) + 1
        message = f'Failed to pull image "{image}": rpc error: code = NotFound desc = {problem}'
        self._pods.event(row, pod, "Failed", message, warning=True)
        self._pods.event(row, pod, "Failed", "Error: ErrImagePull", warning=True)
        self._pods.event(row, pod, "BackOff", f'Back-off pulling image "{image}"')
        self._pods.event(row, pod, "Failed", "Error: ImagePullBackOff", warning=True)
        words = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}
        container["state"] = {"waiting": words}
        self._pods.write(row)
        wait = min(BACKOFF_FIRST * 2**tries, BACKOFF_MOST)
        self._world.after(wait, "kubelet.pull", uid=row["uid"], container=name)

    def _start(self, payload: Json) -> None:
        row = self._pods.row(payload["uid"])
        pod = self._pods.pod(row)
        if row is None or pod is None or row["leaving"]:
            return
        container = row["containers"][payload["container"]]
        name = container["name"]
        probe = _container(pod, name).get("readinessProbe")
        container["id"] = self._world.hex(64)
        container["state"] = {"running": {"startedAt": self._world.stamp()}}
        container["started"], container["ready"] = True, probe is None
        container["since"] = self._world.now
        container["run"] = f"{row['uid']}/{name}/{container['restarts']}"
        self._pods.event(row, pod, "Created", f"Created container: {name}")
        self._pods.event(row, pod, "Started", f"Started container {name}")
        self._pods.write(row)
        if probe is not None:
            wait = float(probe.get("initialDelaySeconds", 0)) + self._world.rng.uniform(
                0.5, probe.get("periodSeconds", 10)
            )
            wait += slow_readiness(self._world, container["image"])
            payload = {"uid": row["uid"], "container": name, "run": container["run"]}
            self._world.after(wait, "kubelet.ready", **payload)
        self._tell_started(row, container)

    def _tell_started(self, row: Json, container: Json) -> None:
        self._world.tell(
            "container.started",
            cluster=row["cluster"],
            namespace=row["namespace"],
            pod=row["name"],
            uid=row["uid"],
            container=container["name"],
            image=container["image"],
            run=container["run"],
            ip=row["pod_ip"],
            node=row["node"],
        )

    def _ready(self, payload: Json) -> None:
        row = self._pods.row(payload["uid"])
        if row is None:
            return
        container = row["containers"][payload["container"]]
        if container.get("run") == payload["run"] and "running" in container["state"]:
            container["ready"] = True
            self._pods.write(row)

    # -- ending
    def _exited(self, payload: Json) -> None:
        """The payload of exit_container."""
        store = self._world.kube.get(payload["cluster"])
        pod = store.get("Pod", payload["namespace"], payload["pod"]) if store is not None else None
        row = self._pods.row(meta(pod)["uid"]) if pod is not None else None
        container = row["containers"].get(payload["container"]) if row is not None else None
        if store is None or pod is None or row is None or container is None or "running" not in container["state"]:
            return
        if payload["run"] not in ("", container["run"]):
            return
        ended = {
            "exitCode": payload["code"],
            "reason": payload["reason"],
            "startedAt": container["state"]["running"]["startedAt"],
            "finishedAt": self._world.stamp(),
            "containerID": f"containerd://{container['id']}",
        }
        container["ready"] = container["started"] = False
        container["state"] = {"terminated": ended}
        run = container.pop("run")
        self._world.tell("container.stopped", cluster=row["cluster"], run=run)
        if not row["leaving"]:
            self._after_exit(row, pod, container, ended)

    def _after_exit(self, row: Json, pod: Json, container: Json, ended: Json) -> None:
        policy = spec(pod).get("restartPolicy", "Always")
        if policy == "Never" or (policy == "OnFailure" and ended["exitCode"] == 0):
            self._pods.write(row)
            return
        if self._world.now - container["since"] > BACKOFF_FORGET:
            container["crashes"] = 0
        crashes = container["crashes"] = container.get("crashes", 0) + 1
        container["restarts"] += 1
        container["last"] = {"terminated": ended}
        wait = 1.0
        if crashes > 1:
            wait = min(BACKOFF_FIRST * 2 ** (crashes - 2), BACKOFF_MOST)
            where = f"container={container['name']} pod={row['name']}_{row['namespace']}({row['uid']})"
            words = {"reason": "CrashLoopBackOff", "message": f"back-off {_short(wait)} restarting failed {where}"}
            container["state"] = {"waiting": words}
            pod_name = f"{row['name']}_{row['namespace']}({row['uid']})"
            message = f"Back-off restarting failed container {container['name']} in pod {pod_name}"
            self._pods.event(row, pod, "BackOff", message, warning=True)
        self._pods.write(row)
        self._world.after(wait, "kubelet.restart", uid=row["uid"], container=container["name"])

    def _restart(self, payload: Json) -> None:
        """A container whose back-off is over starts again on the image already there."""
        row = self._pods.row(payload["uid"])
        if row is None or row["leaving"]:
            return
        self._world.kube[row["cluster"]].rotate_log(row["namespace"], row["name"], payload["container"])
        self._pull(payload)

    def _begin_stop(self, store: KubeStore, pod: Json) -> None:
        row = self._pods.row(meta(pod)["uid"]) or self._pods.add(store, pod, started=False)
        if row["leaving"]:
            return
        row["leaving"] = True
        for container in row["containers"].values():
            if "running" in container["state"]:
                self._pods.event(row, pod, "Killing", f"Stopping container {container['name']}")
        deadline = max(0.0, epoch(meta(pod)["deletionTimestamp"]) - self._world.now)
        wait = min(self._world.rng.uniform(1.5, 4.0), deadline)
        self._world.after(wait, "kubelet.stop", uid=row["uid"])

    def _stop(self, payload: Json) -> None:
        row = self._pods.row(payload["uid"])
        if row is None:
            return
        self._forget(row["uid"])
        self._world.kube[row["cluster"]].finish_delete("Pod", row["namespace"], row["name"])

    def _forget(self, uid: str) -> None:
        row = self._pods.pop(uid)
        for container in row["containers"].values() if row is not None else ():
            run = container.pop("run", "")
            if run:
                self._world.tell("container.stopped", cluster=row["cluster"] if row else "", run=run)

    def _cluster_gone(self, payload: Json) -> None:
        for uid in self._pods.of_cluster(payload["cluster"]):
            self._forget(uid)


def _container(pod: Json, name: str) -> Json:
    return next((each for each in spec(pod).get("containers") or () if each["name"] == name), {})


def _short(seconds: float) -> str:
    """A Go duration: 10s, 1m20s, 5m0s."""
    whole = int(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60}s"
