"""Ready-made deployments."""

from __future__ import annotations

from collections.abc import Iterator

from saxtui.catalog import sax_models, tpus
from saxtui.model import naming
from saxtui.model.deployment import (
    TUTORIAL_MODEL,
    Cluster,
    Deployment,
    Exposure,
    Identity,
    Images,
    Model,
    RoleScope,
    Slices,
)

NAMES = ("tutorial", "tutorial-exact", "smoke")
CLASS = "class:"
DEFAULT_REGION = "us-west4"
DEFAULT_ZONE = "us-west4-a"
SMOKE_MODEL = f"{sax_models.PREFIX}.lm_cloud.LmCloudSpmd2B8Test"
_IMAGES = "us-docker.pkg.dev/cloud-tpu-images/inference"
# Oldest first but for v5e: it is the tutorial's, and the one whose quota Compute Engine tells.
_PREFERRED = ("v5e", "v6e", "v5p", "v4")


def names() -> tuple[str, ...]:
    """Every preset: the three by name, and one for each catalogue class that fits some topology."""
    fitting = (model.name for model in sax_models.all_models() if next(_slices(model), None) is not None)
    return (*NAMES, *(CLASS + name for name in fitting))


def preset(
    kind: str,
    project: str,
    name: str = "",
    region: str = "",
    zone: str = "",
    deployment_id: str = "",
    checkpoint: str = "",
) -> Deployment:
    """The deployment of the preset `kind` in `project`; blanks are filled in.

    tutorial: the Saxml tutorial's two 4x8 v5e slices with the 175B test model, reached privately.
    tutorial-exact: its values to the letter, with what is risky in them: a public load balancer, a project-wide
    storage role, four CPU nodes in each zone of the region.
    smoke: one 2x4 slice of two hosts with the 2B test model, the smallest multi-host run of the same road.
    class:NAME: one slice of the smallest topology that serves that catalogue class; `checkpoint` where it needs one.
    Raises ValueError for an unknown preset; pydantic.ValidationError (a ValueError) for illegal values.
    """
    if kind.startswith(CLASS):
        slices, model, images = _of_class(kind.removeprefix(CLASS), checkpoint)
    elif kind in NAMES:
        smoke = kind == "smoke"
        slices = Slices(topology="2x4", count=1) if smoke else Slices()
        model, images = Model(path=SMOKE_MODEL if smoke else TUTORIAL_MODEL), Images()
    else:
        raise ValueError(f"unknown preset {kind!r}; known: {', '.join(NAMES)}, {CLASS}NAME of a catalogue class")
    exact = kind == "tutorial-exact"
    identity = deployment_id or naming.new_id()
    zone = zone or _zone(slices.generation, region or DEFAULT_REGION)
    usual = "smoke" if kind == "smoke" else "spmd-175b"
    return Deployment(
        id=identity,
        name=name or (naming.from_class(model.path) if kind.startswith(CLASS) else usual),
        project=project,
        region=region or zone.rpartition("-")[0],
        zone=zone,
        bucket=bucket(kind, project, identity),
        exposure=Exposure.EXTERNAL if exact else Exposure.PRIVATE,
        model=model,
        slices=slices,
        images=images,
        cluster=Cluster(every_zone=True, cpu_machine_type="e2-medium") if exact else Cluster(),
        identity=Identity(role_scope=RoleScope.PROJECT if exact else RoleScope.BUCKET),
    )


def _zone(generation: str, region: str) -> str:
    """A zone of the region that offers the generation as far as is known; without one, the first that does."""
    known = tpus.zones(generation)
    if region == DEFAULT_REGION and DEFAULT_ZONE in known:
        return DEFAULT_ZONE
    near = [zone for zone in known if zone.rpartition("-")[0] == region]
    if near:
        return near[0]
    return known[0] if region == DEFAULT_REGION and known else f"{region}-a"


def bucket(kind: str, project: str, identity: str) -> str:
    """The preset's bucket: tutorial-exact has the tutorial's PROJECT_ID-gke-bucket, where buckets may be called so."""
    legal = "google" not in project and not project.startswith("goog")
    exact = kind == "tutorial-exact" and legal
    return f"{project}-gke-bucket" if exact else naming.bucket_name(project, identity)


def _of_class(name: str, checkpoint: str) -> tuple[Slices, Model, Images]:
    known = sax_models.find(name)
    if known is None:
        raise ValueError(f"no class {name!r} is in the catalogue")
    slices = next(_slices(known), None)
    if slices is None:
        raise ValueError(f"no topology of {', '.join(_PREFERRED)} holds {name}")
    if not known.test_mode and not checkpoint:
        raise ValueError(f"{name} needs a checkpoint directory: pass --checkpoint gs://BUCKET/.../checkpoint_00000000")
    given = "None" if known.test_mode else checkpoint
    return slices, Model(path=known.path, checkpoint=given), images_of(known.since)


def _slices(model: sax_models.SaxModel) -> Iterator[Slices]:
    """One slice of each topology that serves the class, the preferred generation and the smallest slice first."""
    for generation in _PREFERRED:
        for shape in tpus.topologies(generation):
            room = shape.hbm_gb_per_chip >= (model.gb_per_chip(shape.chips) or 0)
            if shape.chips in model.chips and room:
                yield Slices(generation=generation, topology=shape.topology, count=1)


def images_of(since: str) -> Images:
    """The tutorial's images, or the first release that has the class. No sax-http of v1.1.0 was ever seen."""
    if sax_models.RELEASES.index(since) <= sax_models.RELEASES.index(sax_models.TUTORIAL_RELEASE):
        return Images()
    return Images(
        admin=f"{_IMAGES}/sax-admin-server:{since}",
        model=f"{_IMAGES}/sax-model-server:{since}",
        http=f"{_IMAGES}/sax-http:{since}",
    )
