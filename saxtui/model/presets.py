"""Ready-made deployments."""

from __future__ import annotations

from saxtui.catalog import sax_models
from saxtui.model import naming
from saxtui.model.deployment import TUTORIAL_MODEL, Deployment, Model, Slices

NAMES = ("tutorial", "smoke")
DEFAULT_REGION = "us-west4"
SMOKE_MODEL = f"{sax_models.PREFIX}.lm_cloud.LmCloudSpmd2B32Test"


def preset(
    kind: str, project: str, name: str = "", region: str = "", zone: str = "", deployment_id: str = ""
) -> Deployment:
    """The deployment of the preset `kind` in `project`; blanks are filled in.

    tutorial: the Saxml tutorial's two 4x8 v5e slices with the 175B test model, reached privately.
    smoke: one 4x8 slice with the 2B test model, the cheapest multi-host run of the same road.
    Raises ValueError for an unknown preset; pydantic.ValidationError (a ValueError) for illegal values.
    """
    if kind not in NAMES:
        raise ValueError(f"unknown preset {kind!r}; known: {', '.join(NAMES)}")
    identity = deployment_id or naming.new_id()
    region = region or zone.rpartition("-")[0] or DEFAULT_REGION
    smoke = kind == "smoke"
    return Deployment(
        id=identity,
        name=name or ("smoke" if smoke else "spmd-175b"),
        project=project,
        region=region,
        zone=zone or f"{region}-a",
        bucket=naming.bucket_name(project, identity),
        model=Model(path=SMOKE_MODEL if smoke else TUTORIAL_MODEL),
        slices=Slices(count=1 if smoke else 2),
    )
