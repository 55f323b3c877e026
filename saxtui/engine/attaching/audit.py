"""What is risky in a cluster on which the tutorial was done by hand, with the command that mends it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saxtui.catalog import prices, sax_models
from saxtui.engine.attaching.standing import ADMIN, HTTP, MODEL, SERVICE, Standing, dig
from saxtui.model.audit import Finding, Level
from saxtui.model.text import safe

CPU_NODES = 4
"""What the tutorial's servers without TPU need, in all."""
_BROAD = ("roles/storage.admin", "roles/editor", "roles/owner")
_INTERNAL = ("networking.gke.io/load-balancer-type", "cloud.google.com/load-balancer-type")


def audit(seen: Standing) -> tuple[Finding, ...]:
    """Every question, in a fixed order, worst answers not first: the order is the same from cluster to cluster."""
    return (
        _exposure(seen),
        _role(seen),
        *_privileged(seen),
        _nodes(seen),
        _bucket(seen),
        _restarts(seen),
        *_images(seen),
        _ownership(seen),
    )


def _exposure(seen: Standing) -> Finding:
    kind = dig(seen.service, "spec", "type")
    if not seen.service:
        said = f"there is no Service {SERVICE} in namespace {seen.namespace}: models and chat cannot be reached"
        return Finding("exposure", Level.ATTENTION, said)
    if kind != "LoadBalancer":
        return Finding("exposure", Level.FINE, f"nothing public: Service {SERVICE} is {safe(kind or 'ClusterIP', 40)}")
    notes = dig(seen.service, "metadata", "annotations") or {}
    first = next(iter(dig(seen.service, "status", "loadBalancer", "ingress") or ()), None)
    address = safe(dig(first, "ip") or dig(first, "hostname") or "an address that is still pending", 80)
    if any(str(notes.get(name, "")).lower() == "internal" for name in _INTERNAL):
        return Finding("exposure", Level.ATTENTION, f"plain HTTP without a password on {address}, in the network")
    ranges = [safe(text, 60) for text in dig(seen.service, "spec", "loadBalancerSourceRanges") or ()]
    where = f"plain HTTP without a password on {address}, port 8888"
    mend = f'kubectl -n {seen.namespace} patch service {SERVICE} -p \'{{"spec":{{"type":"ClusterIP"}}}}\''
    if ranges and "0.0.0.0/0" not in ranges:
        return Finding("exposure", Level.ATTENTION, f"PUBLIC, {where}, open to {', '.join(ranges)}", mend)
    said = f"PUBLIC without source ranges: {where}, open to anybody on the Internet; they can publish and unpublish too"
    return Finding("exposure", Level.RISK, said, mend)


def _role(seen: Standing) -> Finding:
    if seen.policy is None:
        return Finding("role", Level.UNKNOWN, f"the policy of project {seen.place.project} may not be read here")
    if not seen.google_account:
        return Finding("role", Level.UNKNOWN, "the pods' Kubernetes account names no Google account")
    member = f"serviceAccount:{seen.google_account}"
    held = [
        role
        for binding in seen.policy.get("bindings") or ()
        if isinstance(binding, Mapping) and member in (binding.get("members") or ())
        if (role := safe(binding.get("role", ""), 80)) in _BROAD
    ]
    if not held:
        return Finding("role", Level.FINE, f"{seen.google_account} has no broad role on the project")
    said = f"PROJECT-WIDE: {seen.google_account} has {', '.join(held)}, so on every bucket of {seen.place.project}"
    bucket = f"gs://{seen.bucket or 'BUCKET'}"
    mend = (
        f"gcloud storage buckets add-iam-policy-binding {bucket} --member={member} --role=roles/storage.objectAdmin && "
        f"gcloud projects remove-iam-policy-binding {seen.place.project} --member={member} --role={held[0]}"
    )
    return Finding("role", Level.RISK, said, mend)


def _privileged(seen: Standing) -> Iterator[Finding]:
    names = [
        safe(item.get("name", ""), 60) for item in seen.containers if dig(item, "securityContext", "privileged") is True
    ]
    if not names:
        yield Finding("privileged", Level.FINE, "no container is privileged")
        return
    said = f"privileged containers: {', '.join(names)}; whoever gets into one has its node"
    mend = (
        f"kubectl -n {seen.namespace} edit deployment {ADMIN}   (take privileged: true away)" if ADMIN in names else ""
    )
    yield Finding("privileged", Level.RISK, said, mend)


def _nodes(seen: Standing) -> Finding:
    pools = [pool for pool in seen.pools if not pool.topology and not pool.machine_type.startswith("ct")]
    count = sum(pool.node_count * max(1, len(pool.zones)) for pool in pools)
    if count <= CPU_NODES:
        return Finding("CPU nodes", Level.FINE, f"{count} CPU nodes in all")
    each = ", ".join(f"{pool.name}: {pool.node_count} in each of {max(1, len(pool.zones))} zones" for pool in pools)
    price = prices.node_hour(pools[0].machine_type, pools[0].zones[0] if pools[0].zones else seen.place.location)
    cost = f", about ${price.usd * (count - CPU_NODES):,.2f}/h too many" if price else ""
    said = f"{count} CPU nodes where {CPU_NODES} are enough ({each}): --num-nodes counts in every zone{cost}"
    mend = (
        f"gcloud container clusters resize {seen.place.name} --location={seen.place.location} "
        f"--node-pool={pools[0].name} --num-nodes=1"
    )
    return Finding("CPU nodes", Level.ATTENTION, said, mend)


def _bucket(seen: Standing) -> Finding:
    if not seen.bucket:
        return Finding("bucket", Level.UNKNOWN, "the containers name no bucket in SAX_ROOT")
    if seen.bucket == f"{seen.place.project}-gke-bucket":
        said = (
            f"gs://{seen.bucket} is the tutorial's own name: anybody can guess it from the project id, and another "
            "cluster after the tutorial in this project would share its state"
        )
        return Finding("bucket", Level.ATTENTION, said)
    return Finding("bucket", Level.FINE, f"gs://{seen.bucket}")


def _restarts(seen: Standing) -> Finding:
    if not seen.jobset:
        return Finding("restarts", Level.ATTENTION, "there is no JobSet: no slice serves anything")
    most = dig(seen.jobset, "spec", "failurePolicy", "maxRestarts") or 0
    used = dig(seen.jobset, "status", "restarts") or 0
    ended = [row for row in dig(seen.jobset, "status", "conditions") or () if row.get("type") == "Failed"]
    again = "delete the JobSet and apply its manifest again: the count never goes back by itself"
    if any(row.get("status") == "True" for row in ended):
        return Finding("restarts", Level.RISK, f"the JobSet has failed for good, its {most} restarts used up", again)
    if used >= most:
        said = f"{used} of {most} JobSet restarts are used up: the next host that fails ends both slices for good"
        return Finding("restarts", Level.RISK, said, again)
    return Finding("restarts", Level.ATTENTION if used else Level.FINE, f"{used} of {most} JobSet restarts used")


def _images(seen: Standing) -> Iterator[Finding]:
    newest = [release for release in sax_models.RELEASES if release.startswith("v")][-1]
    model, http = seen.image(MODEL), seen.image(HTTP)
    release = model.rpartition(":")[2]
    if not model:
        yield Finding("model image", Level.UNKNOWN, f"no container {MODEL} was found")
    elif release in sax_models.RELEASES[: sax_models.RELEASES.index(newest)]:
        said = f"model servers of {release}; {newest} is newer and has more classes"
        yield Finding("model image", Level.ATTENTION, said)
    else:
        yield Finding("model image", Level.FINE, f"model servers of {release or model}")
    if http.endswith((":v1.0.0", ":v1.1.0")):
        said = (
            f"HTTP server {http.rpartition(':')[2]}: one request at a time, no parameters; a slow one blocks the rest"
        )
        yield Finding("HTTP image", Level.ATTENTION, said)
    elif http:
        yield Finding("HTTP image", Level.FINE, f"HTTP server {http.rpartition(':')[2]}")


def _ownership(seen: Standing) -> Finding:
    owner = seen.cluster.labels.get("saxtui-name", "")
    if owner:
        said = f"saxtui made this cluster, as {owner}: attached it is only looked at; `saxtui recover` makes it yours"
        return Finding("ownership", Level.ATTENTION, said)
    return Finding("ownership", Level.FINE, "made by others: saxtui changes and deletes nothing of it")
