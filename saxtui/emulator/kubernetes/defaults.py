"""What the API server fills in when a manifest leaves it out, per kind."""

from __future__ import annotations

from collections.abc import Callable

from saxtui.emulator.kubernetes.objects import Json, meta

_NOT_READY = [
    {
        "key": f"node.kubernetes.io/{what}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }
    for what in ("not-ready", "unreachable")
]


def _pull_policy(image: str) -> str:
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"


def _container(container: Json) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _pull_policy(str(container.get("image") or "")))
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
    resources = container["resources"]
    if resources.get("limits"):
        resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}


def pod_spec(spec: Json) -> None:
    """Defaults that a template gets too."""
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or []:
            if isinstance(container, dict):
                _container(container)
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    if spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", spec["serviceAccountName"])


def _extended_resources(spec: Json) -> list[str]:
    names: set[str] = set()
    for container in spec.get("containers") or []:
        names |= set((container.get("resources") or {}).get("requests") or {})
    return sorted(name for name in names if "/" in name and not name.split("/")[0].endswith("kubernetes.io"))


def quality(spec: Json) -> str:
    """status.qosClass from requests and limits of cpu and memory."""
    all_equal, some = True, False
    for container in spec.get("containers") or []:
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        for name in ("cpu", "memory"):
            some = some or name in requests or name in limits
            all_equal = all_equal and name in limits and requests.get(name) == limits[name]
    return "Guaranteed" if all_equal and some else "Burstable" if some else "BestEffort"


def _pod(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    pod_spec(spec)
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    tolerations = spec.setdefault("tolerations", [])
    # The ExtendedResourceToleration admission plug-in, which GKE turns on: asking for TPUs tolerates their taint.
    for name in _extended_resources(spec):
        wanted = {"key": name, "operator": "Exists", "effect": "NoSchedule"}
        if wanted not in tolerations:
            tolerations.append(wanted)
    for each in _NOT_READY:
        if all(toleration.get("key") != each["key"] for toleration in tolerations):
            tolerations.append(dict(each))
    obj["status"] = {"phase": "Pending", "qosClass": quality(spec)}


def _template(spec: Json) -> Json:
    template: Json = spec.setdefault("template", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    pod_spec(template.setdefault("spec", {}))
    return template


def _deployment(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    _template(spec)
    obj["status"] = {}


def _replica_set(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _template(spec)
    obj["status"] = {"replicas": 0}


def _job(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    if "parallelism" not in spec and "completions" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    template = _template(spec)
    if not spec.get("manualSelector"):
        spec["manualSelector"] = False
        metadata = meta(obj)
        uid = str(metadata["uid"])
        labels = meta(template).setdefault("labels", {})
        labels |= {"batch.kubernetes.io/controller-uid": uid, "controller-uid": uid}
        name = str(metadata.get("name") or "")
        labels |= {"batch.kubernetes.io/job-name": name, "job-name": name}
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    obj["status"] = {}


def _service(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    spec.setdefault("internalTrafficPolicy", "Cluster")
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        if "port" in port:
            port.setdefault("targetPort", port["port"])
    if spec["type"] in ("LoadBalancer", "NodePort"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    obj["status"] = {"loadBalancer": {}}


def _namespace(obj: Json) -> None:
    metadata = meta(obj)
    metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata.get("name")
    obj["spec"] = {"finalizers": ["kubernetes"]}
    obj["status"] = {"phase": "Active"}


def _webhooks(obj: Json) -> None:
    for hook in obj.get("webhooks") or []:
        hook.setdefault("timeoutSeconds", 10)
        hook.setdefault("failurePolicy", "Fail")
        hook.setdefault("matchPolicy", "Equivalent")
        hook.setdefault("namespaceSelector", {})
        hook.setdefault("objectSelector", {})
        service = (hook.get("clientConfig") or {}).get("service")
        if service is not None:
            service.setdefault("port", 443)


def _secret(obj: Json) -> None:
    obj.setdefault("type", "Opaque")


def job_set(obj: Json) -> None:
    """What JobSet's mutating webhook does."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("network", {}).setdefault("enableDNSHostnames", True)
    spec["network"].setdefault("publishNotReadyAddresses", True)
    spec.setdefault("successPolicy", {"operator": "All"})
    spec.setdefault("startupPolicy", {"startupPolicyOrder": "AnyOrder"})
    spec.setdefault("suspend", False)
    if spec.get("failurePolicy") is not None:
        spec["failurePolicy"].setdefault("restartStrategy", "Recreate")
    for replicated in spec.get("replicatedJobs") or []:
        replicated.setdefault("replicas", 1)
        replicated.setdefault("groupName", "default")
        job = replicated.setdefault("template", {}).setdefault("spec", {})
        job.setdefault("completionMode", "Indexed")
        job.setdefault("template", {}).setdefault("spec", {}).setdefault("restartPolicy", "OnFailure")


_BY_KIND: dict[str, Callable[[Json], None]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Job": _job,
    "Service": _service,
    "Namespace": _namespace,
    "MutatingWebhookConfiguration": _webhooks,
    "ValidatingWebhookConfiguration": _webhooks,
    "Secret": _secret,
}


def on_create(obj: Json) -> None:
    """Fill in a new object (its uid and name are set). Statuses of kinds with a status start fresh."""
    fill = _BY_KIND.get(str(obj.get("kind")))
    if fill is not None:
        fill(obj)


def on_update(new: Json, old: Json) -> None:
    """Fill in what a replacing manifest leaves out; status and what the server allotted stay."""
    kept = old.get("status")
    if new["kind"] == "Service":
        _keep_addresses(new.setdefault("spec", {}), old.get("spec") or {})
    if new["kind"] == "Job" and not (old.get("spec") or {}).get("manualSelector"):
        template = (old.get("spec") or {}).get("template") or {}
        if meta(new.setdefault("spec", {}).setdefault("template", {})).get("labels") is None:
            meta(new["spec"]["template"])["labels"] = dict(meta(template).get("labels") or {})
    on_create(new)
    if kept is None:
        new.pop("status", None)
    else:
        new["status"] = kept


def _keep_addresses(spec: Json, before: Json) -> None:
    if spec.get("type") == "ExternalName":
        return
    for field in ("clusterIP", "clusterIPs"):
        if not spec.get(field) and field in before:
            spec[field] = before[field]
    ports = {(port.get("port"), port.get("protocol", "TCP")): port for port in before.get("ports") or []}
    if spec.get("type") not in ("LoadBalancer", "NodePort"):
        return
    for port in spec.get("ports") or []:
        same = ports.get((port.get("port"), port.get("protocol", "TCP")))
        if same is not None and "nodePort" in same:
            port.setdefault("nodePort", same["nodePort"])
