"""EndpointSlices, kept as mirrors of Endpoints: kubectl describe reads the slices, controllers here write Endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saxtui.emulator.kubernetes.objects import Json, key_of

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

SERVICE_LABEL = "kubernetes.io/service-name"


def slice_of(endpoints: Json) -> Json:
    """The one EndpointSlice of an Endpoints object with a single set of ports, named after it."""
    namespace, name = key_of(endpoints)
    subsets = endpoints.get("subsets") or []
    each = [
        {"addresses": [address["ip"]], "conditions": {"ready": ready}, "targetRef": address.get("targetRef") or {}}
        for subset in subsets
        for field, ready in (("addresses", True), ("notReadyAddresses", False))
        for address in subset.get(field) or []
    ]
    reference = {"apiVersion": "v1", "kind": "Endpoints", "name": name, "uid": endpoints["metadata"]["uid"]}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-mirror",
            "namespace": namespace,
            "labels": {SERVICE_LABEL: name},
            "ownerReferences": [{**reference, "controller": True, "blockOwnerDeletion": True}],
        },
        "addressType": "IPv4",
        "endpoints": each,
        "ports": [{"name": "", "protocol": "TCP", **port} for port in (subsets[0].get("ports") or [])]
        if subsets
        else [],
    }


def mirror(store: KubeStore, change: str, obj: Json) -> None:
    """A store listener: follow Endpoints (the slice goes with its owner)."""
    if obj["kind"] != "Endpoints" or change == "DELETED" or store.peek("Endpoints", *key_of(obj)) is None:
        return
    wanted = slice_of(obj)
    if store.peek("EndpointSlice", *key_of(wanted)) is None:
        store.create(wanted, manager="endpointslice-controller")
    else:
        store.update(wanted, manager="endpointslice-controller")
