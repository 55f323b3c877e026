"""Services: who is behind each (Endpoints), and a load balancer's address for those that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.emulator import scenarios
from saxtui.emulator.controllers.base import annotations_of, deleting, labels, meta, place, spec, status
from saxtui.emulator.controllers.nodes import subnet
from saxtui.emulator.controllers.pods import ready, terminal
from saxtui.emulator.controllers.queue import Queue
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SOURCE = "service-controller"
FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
TYPE_ANNOTATION = "networking.gke.io/load-balancer-type"
READY_HANDLER, RELEASED_HANDLER = "services.address", "services.release"
RETRY_SECONDS = 60.0


class Services:
    """Keeps Endpoints, and takes and gives back load balancers."""

    kinds = ("Service", "Pod")

    def __init__(self, world: World) -> None:
        self._world = world
        self._balancers = world.table("services.balancers")
        self._queue = Queue(world, "services", self._reconcile)
        world.on(READY_HANDLER, self._addressed)
        world.on(RELEASED_HANDLER, self._released)
        world.hook("cluster.deleted", self._cluster_gone)

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """Queue the Service, or those that may select the pod."""
        if obj["kind"] == "Service":
            self._queue.add(store.key, *place(obj))
            return
        if before is not None and event == "MODIFIED" and _face(obj) == _face(before):
            return
        for service in store.list("Service", place(obj)[0]):
            selector = spec(service).get("selector")
            if selector and selector.items() <= labels(obj).items():
                self._queue.add(store.key, *place(service))

    def _reconcile(self, store: KubeStore, namespace: str, name: str) -> None:
        service = store.get("Service", namespace, name)
        if service is None:
            store.delete("Endpoints", namespace, name)
            return
        if not deleting(service):
            self._endpoints(store, service)
        balanced = spec(service).get("type") == "LoadBalancer" and not deleting(service)
        key = f"{store.key}|{namespace}|{name}"
        row = self._balancers.get(key)
        if balanced and row is None:
            self._order(store, service, key)
        elif not balanced and row is not None and row["state"] != "leaving":
            row["state"] = "leaving"
            store.record_event(service, "DeletingLoadBalancer", "Deleting load balancer", source=SOURCE)
            wait = 25.0 * self._world.rng.uniform(0.85, 1.15)
            self._world.after(wait, RELEASED_HANDLER, cluster=store.key, namespace=namespace, name=name)
        elif not balanced and row is None and FINALIZER in (meta(service).get("finalizers") or ()):
            self._unfinalize(store, service)

    # -- load balancers
    def _order(self, store: KubeStore, service: Json, key: str) -> None:
        internal = annotations_of(service).get(TYPE_ANNOTATION, "").lower() == "internal"
        self._balancers[key] = {"state": "ordered", "internal": internal, "address": "", "uid": meta(service)["uid"]}
        if FINALIZER not in (meta(service).get("finalizers") or ()):
            meta(service)["finalizers"] = [*(meta(service).get("finalizers") or ()), FINALIZER]
            store.update(service, manager="gce-cloud-controller-manager")
        store.record_event(service, "EnsuringLoadBalancer", "Ensuring load balancer", source=SOURCE)
        wait = 60.0 * self._world.rng.uniform(0.85, 1.15)
        namespace, name = place(service)
        self._world.after(wait, READY_HANDLER, cluster=store.key, namespace=namespace, name=name)

    def _addressed(self, payload: Json) -> None:
        store = self._world.kube.get(payload["cluster"])
        row = self._balancers.get(f"{payload['cluster']}|{payload['namespace']}|{payload['name']}")
        service = store.get("Service", payload["namespace"], payload["name"]) if store is not None else None
        if store is None or row is None or service is None or row["state"] != "ordered":
            return
        for fault in scenarios.states(self._world, "load-balancer-pending"):
            why = f"failed to ensure load balancer: googleapi: Error 403: {fault['message']}"
            words = f"Error syncing load balancer: {why}"
            store.record_event(service, "SyncLoadBalancerFailed", words, warning=True, source=SOURCE)
            self._world.after(RETRY_SECONDS, READY_HANDLER, **payload)
            return
        rng = self._world.rng
        if row["internal"]:
            region = payload["cluster"].split("/")[1]
            row["address"] = f"{subnet(region)}.15.{rng.randrange(2, 250)}"
        else:
            row["address"] = f"34.125.{rng.randrange(0, 250)}.{rng.randrange(2, 250)}"
        row["state"] = "ready"
        new = {**status(service), "loadBalancer": {"ingress": [{"ip": row["address"], "ipMode": "VIP"}]}}
        store.set_status("Service", payload["namespace"], payload["name"], new)
        store.record_event(service, "EnsuredLoadBalancer", "Ensured load balancer", source=SOURCE)
        self._world.tell("service.address", **payload, address=row["address"], internal=row["internal"])

    def _released(self, payload: Json) -> None:
        row = self._balancers.pop(f"{payload['cluster']}|{payload['namespace']}|{payload['name']}", None)
        store = self._world.kube.get(payload["cluster"])
        if row is None:
            return
        self._world.tell("service.released", **payload)
        service = store.get("Service", payload["namespace"], payload["name"]) if store is not None else None
        if store is None or service is None:
            return
        store.record_event(service, "DeletedLoadBalancer", "Deleted load balancer", source=SOURCE)
        store.set_status("Service", payload["namespace"], payload["name"], {**status(service), "loadBalancer": {}})
        fresh = store.get("Service", payload["namespace"], payload["name"])
        if fresh is not None:
            self._unfinalize(store, fresh)

    def _cluster_gone(self, payload: Json) -> None:
        """The cluster is gone without its Services having been deleted: their forwarding rules are left behind, as in
        Google Cloud; only this controller's memory goes."""
        for key in [key for key in self._balancers if key.startswith(f"{payload['cluster']}|")]:
            del self._balancers[key]

    def _unfinalize(self, store: KubeStore, service: Json) -> None:
        meta(service)["finalizers"] = [each for each in meta(service).get("finalizers") or () if each != FINALIZER]
        store.update(service, manager="gce-cloud-controller-manager")

    # -- endpoints
    def _endpoints(self, store: KubeStore, service: Json) -> None:
        selector = spec(service).get("selector")
        if not selector:
            return
        namespace, name = place(service)
        chosen = [
            pod
            for pod in store.list("Pod", namespace, selector)
            if status(pod).get("podIP") and not terminal(pod) and not deleting(pod)
        ]
        early = bool(spec(service).get("publishNotReadyAddresses"))
        up = [_address(pod) for pod in chosen if early or ready(pod)]
        down = [_address(pod) for pod in chosen if not early and not ready(pod)]
        subset: Json = {}
        if up:
            subset["addresses"] = up
        if down:
            subset["notReadyAddresses"] = down
        ports = [_port(port, chosen) for port in spec(service).get("ports") or ()]
        if ports:
            subset["ports"] = ports
        wanted: Json = {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": name, "namespace": namespace, "labels": dict(labels(service))},
        }
        if up or down:
            wanted["subsets"] = [subset]
        old = store.get("Endpoints", namespace, name)
        if old is None:
            store.create(wanted)
        elif old.get("subsets") != wanted.get("subsets"):
            old["subsets"] = wanted.get("subsets") or []
            store.update(old)


def _face(pod: Json) -> tuple[Any, ...]:
    """What of a pod its Services see."""
    return (status(pod).get("podIP"), ready(pod), terminal(pod), deleting(pod), labels(pod))


def _address(pod: Json) -> Json:
    return {
        "ip": status(pod)["podIP"],
        "nodeName": spec(pod).get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "namespace": meta(pod)["namespace"],
            "name": meta(pod)["name"],
            "uid": meta(pod)["uid"],
        },
    }


def _port(port: Json, chosen: list[Json]) -> Json:
    target = port.get("targetPort", port["port"])
    if isinstance(target, str):
        named = (
            int(each["containerPort"])
            for pod in chosen
            for container in spec(pod)["containers"]
            for each in container.get("ports") or ()
            if each.get("name") == target
        )
        target = next(named, port["port"])
    out = {"port": target, "protocol": port.get("protocol", "TCP")}
    if port.get("name"):
        out["name"] = port["name"]
    return out
