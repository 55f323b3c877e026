"""From what stands in a cluster that others made to a Deployment that can be watched, asked and never taken down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saxtui.catalog import sax_models, tpus
from saxtui.engine.attaching.standing import ADMIN, HTTP, MODEL, Place, Standing, dig
from saxtui.errors import Problem, Refused
from saxtui.model import naming
from saxtui.model.deployment import Cluster, Deployment, Exposure, Identity, Images, Model, Slices
from saxtui.model.text import safe

if TYPE_CHECKING:
    from saxtui.ports import NodePoolInfo


def place_of(context: str) -> Place | None:
    """The cluster of a kubeconfig context that gcloud made, gke_PROJECT_LOCATION_NAME; None for another."""
    parts = context.split("_", 3)
    return Place(*parts[1:]) if len(parts) == 4 and parts[0] == "gke" and all(parts) else None


def deployment_of(seen: Standing, name: str = "", taken: Sequence[str] = ()) -> Deployment:
    """What was found, as a Deployment with `attached` set. Raises Refused where no TPU slice stands there."""
    pools = _pools(seen)
    shape, count = pools[0][1], sum(1 for _, found in pools if found == pools[0][1])
    first = pools[0][0]
    region = _region(seen.place.location)
    cpu = [pool for pool in seen.pools if not pool.topology and not pool.machine_type.startswith("ct")]
    defaults = Images()
    images = Images(
        admin=seen.image(ADMIN) or defaults.admin,
        model=seen.image(MODEL) or defaults.model,
        http=seen.image(HTTP) or defaults.http,
    )
    account = seen.google_account.partition("@")[0]
    prefix = first.name.rstrip("0123456789") or first.name
    return Deployment(
        id=naming.new_id(),
        name=name or naming.free(taken, seen.place.name),
        project=seen.place.project,
        region=region,
        zone=next(iter(first.zones), "") or f"{region}-a",
        namespace=seen.namespace,
        bucket=seen.bucket or "unknown",
        attached=seen.place.location,
        exposure=Exposure.EXTERNAL if dig(seen.service, "spec", "type") == "LoadBalancer" else Exposure.PRIVATE,
        model=_model(shape, images.model.rpartition(":")[2], _cell(seen)),
        slices=Slices(generation=shape.generation, topology=shape.topology, count=count, pool_prefix=prefix),
        cluster=Cluster(
            name=seen.place.name,
            cpu_nodes=max(1, min(100, sum(pool.node_count * max(1, len(pool.zones)) for pool in cpu))),
            cpu_machine_type=cpu[0].machine_type if cpu else "e2-standard-4",
        ),
        identity=Identity(service_account=account) if account else Identity(),
        images=images,
    )


def _pools(seen: Standing) -> list[tuple[NodePoolInfo, tpus.SliceShape]]:
    found = [
        (pool, shape)
        for pool in seen.pools
        if (shape := tpus.by_machine_type(pool.machine_type, pool.topology)) is not None
    ]
    if not found:
        kinds = ", ".join(sorted({pool.machine_type for pool in seen.pools})) or "none"
        raise Refused(
            Problem(
                tried="attach to", target=f"cluster {seen.place}",
                said=f"it has no TPU node pool that the catalogue knows; machine types there: {kinds}",
                next_step="attach to the cluster that has the slices", reason="NO_SLICES",
            )
        )  # fmt: skip
    return sorted(found, key=lambda item: item[0].name)


def _model(shape: tpus.SliceShape, release: str, cell: str) -> Model:
    """The class to publish by default: the tutorial's where it fits, else the biggest test class that does."""
    fits = [model for model in sax_models.fitting(shape.chips, release) if model.test_mode]
    known = {model.path for model in fits}
    usual = Model()
    path = usual.path if usual.path in known or not fits else fits[0].path
    if not fits:
        path = "unknown"
    return Model(id=f"{cell}/{usual.id.rpartition('/')[2]}", path=path)


def _cell(seen: Standing) -> str:
    """The Sax cell that the model servers join, /sax/test unless their arguments say another."""
    for word in seen.container(MODEL).get("args") or ():
        if str(word).startswith("--sax_cell="):
            return safe(str(word).partition("=")[2], 80)
    return Model().cell


def _region(location: str) -> str:
    return location.rpartition("-")[0] if location.count("-") == 2 else location
