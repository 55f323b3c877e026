"""What serving says when it will not, or could not: each names the model, why, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saxtui.errors import InDoubt, NotReady, Problem, Refused, StepFailed, TimedOut
from saxtui.model.serving import ModelStatus

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment


def check_fit(deployment: Deployment, path: str) -> None:
    """Refuse a model class that the slices cannot serve: Sax accepts it and then never assigns it."""
    from saxtui.catalog import sax_models

    known = sax_models.find(path)
    chips = deployment.slices.shape.chips
    if known is None or chips in known.chips:
        return
    fits = ", ".join(model.name for model in sax_models.fitting(chips)) or "none"
    raise Refused(
        Problem(
            tried="publish",
            target=path,
            said=f"needs a slice of {' or '.join(map(str, known.chips))} chips; these slices have {chips}",
            next_step=f"classes that fit {chips} chips: {fits}",
            reason="MESH_MISMATCH",
        )
    )


def check_room(deployment: Deployment, model: str, replicas: int) -> None:
    """Refuse more replicas than slices: one slice holds one model, and Sax would wait for the rest without a word."""
    if 0 <= replicas <= deployment.slices.count:
        return
    raise Refused(
        Problem(
            tried="publish",
            target=model,
            said=f"{replicas} replicas need {replicas} slices; there are {deployment.slices.count}",
            next_step=f"ask for 1 to {deployment.slices.count}, or add slices to the deployment",
            reason="TOO_MANY_REPLICAS",
        )
    )


def still_held(model: str, slices: tuple[int, ...]) -> Refused:
    """Unpublished, and a slice's log does not say that it let go of it."""
    where = " and ".join(str(index) for index in slices)
    return Refused(
        Problem(
            tried="publish",
            target=model,
            said=f"slice {where} has not let go of its earlier life yet: an unload waits behind a load in progress",
            next_step="try again when the load has ended; the primaries' logs tell",
            reason="STILL_HELD",
        )
    )


def taken(name: str, model: str, path: str) -> Refused:
    """The name is published with another class or checkpoint."""
    return Refused(
        Problem(
            tried="publish",
            target=model,
            said=f"is already published as {path} with another class or checkpoint",
            next_step=f"unpublish it first: saxtui unpublish -d {name}",
            reason="ALREADY_EXISTS",
        )
    )


def not_published(name: str, model: str) -> Refused:
    """There is no such model."""
    return Refused(
        Problem(
            tried="use model",
            target=model,
            said="is not published",
            next_step=f"publish it: saxtui publish -d {name}",
            reason="NOT_PUBLISHED",
        )
    )


def not_loaded(name: str, status: ModelStatus) -> Refused | StepFailed:
    """Nobody is proved able to answer: StepFailed when that is final, NotReady when it may come by itself."""
    if status.failed and status.failed >= status.active_replicas:
        return load_failed(name, status)
    if hurt := next((item for item in status.replicas if item.broken), None):
        said = f"slice {hurt.slice} cannot answer: {hurt.broken}"
        way_out = f"a host that failed restarts all slices by itself; look: saxtui pods -d {name}"
    else:
        said = f"is not loaded yet: {status.active_replicas} of {status.max_replicas} replicas assigned, 0 loaded"
        usual = f" (usually {status.usual[0] / 60:.0f} to {status.usual[1] / 60:.0f} min)" if status.usual else ""
        way_out = f"wait{usual}: saxtui generate --wait -d {name}"
    return NotReady(Problem(tried="generate with", target=status.id, said=said, next_step=way_out, reason="NOT_LOADED"))


def load_failed(name: str, status: ModelStatus) -> StepFailed:
    """A slice could not load the model."""
    bad = next(item for item in status.replicas if item.failed)
    line = bad.evidence[-1]
    return StepFailed(
        Problem(
            tried="load",
            target=f"{status.id} on slice {bad.slice}",
            said=line.line,
            next_step=f"Sax never tries again by itself: saxtui unpublish -d {name}, change the model, publish again",
            may_bill=True,
            reason="LOAD_FAILED",
            where=line.source,
        )
    )


def not_offered(name: str, status: ModelStatus) -> StepFailed:
    """Sax took the name of a class that no server has: it will never be assigned."""
    offered = ", ".join(path.rpartition(".")[2] for path in status.offered)
    return StepFailed(
        Problem(
            tried="load",
            target=status.id,
            said=f"no server offers {status.path}; servers offer: {offered}",
            next_step=f"unpublish it and publish one of these: saxtui unpublish -d {name} --model {status.id}",
            may_bill=True,
            reason="NOT_OFFERED",
        )
    )


def still_loading(name: str, status: ModelStatus, seconds: float) -> TimedOut:
    """Time is up, and not every replica is loaded."""
    if status.active_replicas == 0:
        said = f"no slice took it in {seconds:.0f} s: the class may not fit the slices, or they hold another model"
    else:
        said = f"{status.loaded} of {status.max_replicas} replicas loaded after {seconds:.0f} s"
    return TimedOut(
        Problem(
            tried="wait for",
            target=status.id,
            said=said,
            next_step=f"look at the primaries: saxtui logs -d {name} --primaries --tail 50",
            may_bill=True,
            reason="NOT_LOADED",
        )
    )


def still_there(model: str) -> InDoubt:
    """Unpublished, and the server goes on listing it."""
    return InDoubt(
        Problem(
            tried="unpublish",
            target=model,
            said="the server still lists it",
            next_step="try again; if it stays, look at the admin server's log",
            reason="STILL_LISTED",
        )
    )
