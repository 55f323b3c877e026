"""Tables: what `kubectl get` shows, rendered by the server (meta.k8s.io Table)."""

from __future__ import annotations

from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.tables import cluster, custom, pods, workloads
from saxtui.emulator.kubernetes.tables.base import Printer

_PRINTERS: dict[str, Printer] = {
    "Pod": pods.PODS,
    "Deployment": workloads.DEPLOYMENTS,
    "ReplicaSet": workloads.REPLICA_SETS,
    "StatefulSet": workloads.STATEFUL_SETS,
    "DaemonSet": workloads.DAEMON_SETS,
    "Job": workloads.JOBS,
    "Service": cluster.SERVICES,
    "Node": cluster.NODES,
    "Event": cluster.EVENTS,
    "ServiceAccount": cluster.ACCOUNTS,
    "Namespace": cluster.NAMESPACES,
    "ConfigMap": cluster.CONFIG_MAPS,
    "Secret": cluster.SECRETS,
    "Endpoints": cluster.ENDPOINTS,
    "Lease": cluster.LEASES,
    "Role": cluster.ROLES,
    "ClusterRole": cluster.ROLES,
    "CustomResourceDefinition": cluster.ROLES,
    "RoleBinding": cluster.BINDINGS,
    "ClusterRoleBinding": cluster.BINDINGS,
    "MutatingWebhookConfiguration": cluster.WEBHOOKS,
    "ValidatingWebhookConfiguration": cluster.WEBHOOKS,
}


def printer_for(info: KindInfo) -> Printer:
    """The printer of a kind; Name and Age for those without their own."""
    return custom.printer(info) if info.extension else _PRINTERS.get(info.kind, cluster.PLAIN)


def partial(obj: Json, version: str = "v1") -> Json:
    """PartialObjectMetadata."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj["metadata"],
    }


def table(
    info: KindInfo,
    objects: list[Json],
    metadata: Json,
    now: float,
    *,
    include: str = "Metadata",
    version: str = "v1",
    columns: bool = True,
) -> Json:
    """A Table of objects. `include` (None, Metadata, Object) says what each row carries besides its cells."""
    printer = printer_for(info)
    rows = []
    for obj in objects:
        row: Json = {"cells": printer.cells(obj, now)}
        if include != "None":
            row["object"] = obj if include == "Object" else partial(obj, version)
        rows.append(row)
    definitions = [column.body() for column in printer.columns] if columns else None
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }
