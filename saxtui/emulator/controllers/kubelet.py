"""The kubelet of every node: pulls, starts, restarts and stops containers, and writes the pod's status.

A container's life is told to whoever plays its program: topics `container.started` (cluster, namespace, pod, uid,
container, image, run, ip, node) and `container.stopped` (cluster, run). `run` names one start of one container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator.controllers.base import deleting, epoch, meta, place, spec, status
from saxtui.emulator.controllers.images import pull_problem, size_mb
from saxtui.emulator.controllers.kubelet_status import new_container, pod_status
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SOURCE = "kubelet"
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
        self._rows = world.table("kubelet.pods")
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
        elif uid not in self._rows and spec(obj).get("nodeName") and _unstarted(obj):
            self._take(store, obj)
        if event == "MODIFIED" and deleting(obj) and spec(obj).get("nodeName"):
            self._begin_stop(store, obj)

    # -- starting
    def _take(self, store: KubeStore, pod: Json) -> None:
        namespace, name = place(pod)
        uid = meta(pod)["uid"]
        containers = spec(pod).get("containers") or ()
        self._rows[uid] = {
            "cluster": store.key,
            "namespace": namespace,
            "name": name,
            "uid": uid,
            "node": spec(pod)["nodeName"],
            "host_ip": "",
            "pod_ip": "",
            "started": "",
            "leaving": False,
            "containers": {
                each["name"]: new_container(each["name"], str(each.get("image", ""))) for each in containers
            },
        }
        self._world.after(self._world.rng.uniform(0.2, 0.6), "kubelet.accept", uid=uid)

    def _accept(self, payload: Json) -> None:
        row = self._row(payload)
        if row is None:
            return
        store = self._world.kube[row["cluster"]]
        node = store.get("Node", "", row["node"])
        addresses = status(node or {}).get("addresses") or ({"type": "InternalIP", "address": "10.128.0.2"},)
        row["host_ip"] = next(each["address"] for each in addresses if each["type"] == "InternalIP")
        row["started"] = self._world.stamp()
        self._write(row)
        for name in row["containers"]:
            self._world.after(self._world.rng.uniform(0.5, 2.0), "kubelet.pull", uid=row["uid"], container=name)

    def _pull(self, payload: Json) -> None:
        row = self._row(payload)
        pod = self._pod(row)
        if row is None or pod is None or row["leaving"]:
            return
        store = self._world.kube[row["cluster"]]
        self._address(store, row, pod)
        container = row["containers"][payload["container"]]
        image = container["image"]
        cache = self._world.table("kubelet.images").setdefault(f"{row['cluster']}|{row['node']}", {})
        if image in cache:
            message = f'Container image "{image}" already present on machine'
            self._event(row, pod, "Pulled", message, container["name"])
            wait, next_step = self._world.rng.uniform(0.5, 1.5), "kubelet.start"
        else:
            self._event(row, pod, "Pulling", f'Pulling image "{image}"', container["name"])
            wait, next_step = self._world.rng.uniform(18.0, 36.0), "kubelet.pulled"
            if pull_problem(image):
                wait = self._world.rng.uniform(0.5, 1.5)
        self._world.after(wait, next_step, uid=row["uid"], container=container["name"], waited=wait)

    def _pulled(self, payload: Json) -> None:
        row = self._row(payload)
        pod = self._pod(row)
        if row is None or pod is None or row["leaving"]:
            return
        container = row["containers"][payload["container"]]
        image = container["image"]
        problem = pull_problem(image)
        if problem:
            self._pull_failed(row, pod, container, problem)
            return
        self._world.table("kubelet.images").setdefault(f"{row['cluster']}|{row['node']}", {})[image] = True
        took = f"{payload['waited']:.3f}s"
        message = f'Successfully pulled image "{image}" in {took} ({took} including waiting). '
        size = f"Image size: {size_mb(image) * 1_000_003} bytes."
        self._event(row, pod, "Pulled", message + size, container["name"])
        wait = self._world.rng.uniform(0.5, 2.0)
        self._world.after(wait, "kubelet.start", uid=row["uid"], container=container["name"])

    def _pull_failed(self, row: Json, pod: Json, container: Json, problem: str) -> None:
        image, name = container["image"], container["name"]
        tries = container["pulls"] = container.get("pulls", 0) + 1
        message = f'Failed to pull image "{image}": rpc error: code = NotFound desc = {problem}'
        self._event(row, pod, "Failed", message, name, warning=True)
        self._event(row, pod, "Failed", "Error: ErrImagePull", name, warning=True)
        self._event(row, pod, "BackOff", f'Back-off pulling image "{image}"', name)
        self._event(row, pod, "Failed", "Error: ImagePullBackOff", name, warning=True)
        words = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}
        container["state"] = {"waiting": words}
        self._write(row)
        wait = min(BACKOFF_FIRST * 2**tries, BACKOFF_MOST)
        self._world.after(wait, "kubelet.pull", uid=row["uid"], container=name)

    def _start(self, payload: Json) -> None:
        row = self._row(payload)
        pod = self._pod(row)
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
        self._event(row, pod, "Created", f"Created container: {name}", name)
        self._event(row, pod, "Started", f"Started container {name}", name)
        self._write(row)
        if probe is not None:
            wait = float(probe.get("initialDelaySeconds", 0)) + self._world.rng.uniform(
                0.5, probe.get("periodSeconds", 10)
            )
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
        row = self._row(payload)
        if row is None:
            return
        container = row["containers"][payload["container"]]
        if container.get("run") == payload["run"] and "running" in container["state"]:
            container["ready"] = True
            self._write(row)

    # -- ending
    def _exited(self, payload: Json) -> None:
        """The payload of exit_container."""
        store = self._world.kube.get(payload["cluster"])
        pod = store.get("Pod", payload["namespace"], payload["pod"]) if store is not None else None
        row = self._rows.get(meta(pod)["uid"]) if pod is not None else None
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
            self._write(row)
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
            self._event(row, pod, "BackOff", message, container["name"], warning=True)
        self._write(row)
        self._world.after(wait, "kubelet.restart", uid=row["uid"], container=container["name"])

    def _restart(self, payload: Json) -> None:
        """A container whose back-off is over starts again on the image already there."""
        row = self._row(payload)
        if row is None or row["leaving"]:
            return
        self._world.kube[row["cluster"]].rotate_log(row["namespace"], row["name"], payload["container"])
        self._pull(payload)

    def _begin_stop(self, store: KubeStore, pod: Json) -> None:
        row = self._rows.get(meta(pod)["uid"])
        if row is None:
            self._rows[meta(pod)["uid"]] = row = {
                "cluster": store.key,
                "namespace": place(pod)[0],
                "name": place(pod)[1],
                "uid": meta(pod)["uid"],
                "node": spec(pod)["nodeName"],
                "leaving": False,
                "containers": {},
            }
        if row["leaving"]:
            return
        row["leaving"] = True
        for container in row["containers"].values():
            if "running" in container["state"]:
                self._event(row, pod, "Killing", f"Stopping container {container['name']}", container["name"])
        deadline = max(0.0, epoch(meta(pod)["deletionTimestamp"]) - self._world.now)
        wait = min(self._world.rng.uniform(1.5, 4.0), deadline)
        self._world.after(wait, "kubelet.stop", uid=row["uid"])

    def _stop(self, payload: Json) -> None:
        row = self._row(payload)
        if row is None:
            return
        self._forget(row["uid"])
        self._world.kube[row["cluster"]].finish_delete("Pod", row["namespace"], row["name"])

    def _forget(self, uid: str) -> None:
        row = self._rows.pop(uid, None)
        for container in row["containers"].values() if row is not None else ():
            run = container.pop("run", "")
            if run:
                self._world.tell("container.stopped", cluster=row["cluster"] if row else "", run=run)

    def _cluster_gone(self, payload: Json) -> None:
        for uid in [uid for uid, row in self._rows.items() if row["cluster"] == payload["cluster"]]:
            self._forget(uid)

    # -- helpers
    def _row(self, payload: Json) -> Json | None:
        row = self._rows.get(payload["uid"])
        return row if row is not None and row["cluster"] in self._world.kube else None

    def _pod(self, row: Json | None) -> Json | None:
        return self._world.kube[row["cluster"]].get("Pod", row["namespace"], row["name"]) if row is not None else None

    def _write(self, row: Json) -> None:
        store = self._world.kube[row["cluster"]]
        pod = store.get("Pod", row["namespace"], row["name"])
        if pod is not None and meta(pod)["uid"] == row["uid"]:
            store.set_status("Pod", row["namespace"], row["name"], pod_status(pod, row, self._world.stamp()))

    def _event(self, row: Json, pod: Json, reason: str, message: str, container: str, *, warning: bool = False) -> None:
        self._world.kube[row["cluster"]].record_event(pod, reason, message, warning=warning, source=SOURCE)

    def _address(self, store: KubeStore, row: Json, pod: Json) -> None:
        """The pod's address: its node's under hostNetwork, else the next of the node's range."""
        if row["pod_ip"]:
            return
        if spec(pod).get("hostNetwork"):
            row["pod_ip"] = row["host_ip"]
        else:
            node = store.get("Node", "", row["node"]) or {}
            cidr = str(spec(node).get("podCIDR") or "10.48.250.0/24")
            numbers = self._world.table("kubelet.addresses").setdefault(f"{row['cluster']}|{row['node']}", {"last": 1})
            numbers["last"] = numbers["last"] % 253 + 2 if numbers["last"] >= 253 else numbers["last"] + 1
            row["pod_ip"] = cidr.rsplit(".", 1)[0] + f".{numbers['last']}"


def _container(pod: Json, name: str) -> Json:
    return next((each for each in spec(pod).get("containers") or () if each["name"] == name), {})


def _unstarted(pod: Json) -> bool:
    return bool(status(pod).get("phase", "Pending") == "Pending")


def _short(seconds: float) -> str:
    """A Go duration: 10s, 1m20s, 5m0s."""
    whole = int(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60}s"
