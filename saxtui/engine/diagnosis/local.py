"""Between here and the cluster: unreachable, stale, hidden."""

from __future__ import annotations

from collections.abc import Iterator

from saxtui.engine.diagnosis.case import Case
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.cluster import Freshness
from saxtui.model.diagnosis import Action, Clue, Gravity
from saxtui.model.progress import Ownership


def _ours(case: Case) -> bool:
    return case.progress.step("cluster").ownership in (Ownership.OWNED, Ownership.ADOPTED) or case.up


def unreachable(case: Case) -> Iterator[Finding]:
    """The cluster's API server does not answer."""
    view = case.view
    if view.freshness is Freshness.OFFLINE and _ours(case):
        spec = case.deployment
        yield Finding(
            "the cluster's API server does not answer: the picture is the last one seen; what runs runs on",
            (Clue("watch", view.error or "no answer", view.seen),),
            Action("wait, it is tried again; else see how the cluster is",
                   f"gcloud container clusters describe {spec.cluster.name} --region={spec.region} "
                   f"--project={spec.project} --format='value(status,statusMessage)'"),
            since=view.seen,
        )  # fmt: skip


def stale(case: Case) -> Iterator[Finding]:
    """It answers in part, or has fallen silent a moment ago."""
    view = case.view
    if view.freshness is Freshness.STALE and (view.error or case.now - view.seen > 15):
        yield Finding(
            "the picture is stale: part of the cluster's API does not answer",
            (Clue("watch", view.error or "silent", view.seen),),
            Action("wait: it is tried again by itself"),
            Gravity.WAITING,
            since=view.seen,
        )


def hidden(case: Case) -> Iterator[Finding]:
    """Kinds that may not be seen: what these would tell stays unknown."""
    if case.view.hidden:
        kind, said = sorted(case.view.hidden.items())[0]
        kinds = ", ".join(sorted(case.view.hidden))
        yield Finding(
            f"you may not see {kinds}: causes that lie there cannot be told",
            (Clue("API server", f"{kind}: {said}"),),
            Action("ask for roles/container.viewer on the project",
                   f"gcloud projects get-iam-policy {case.deployment.project}"),
            Gravity.WARNING,
        )  # fmt: skip


RULES = (
    Rule("api-unreachable", "The cluster does not answer", unreachable),
    Rule("api-stale", "The picture is stale", stale, ("api-unreachable",)),
    Rule("api-hidden", "Part of the cluster may not be seen", hidden),
)
