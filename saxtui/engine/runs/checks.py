"""Every check at once, for plan, doctor and the wizard: each is answered, or unknown, within ten seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from saxtui.engine.steps.check import LOOKS, Findings, billing, project
from saxtui.errors import Denied, Problem, SaxtuiError
from saxtui.model.checks import Answer, CheckRow, root

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment
    from saxtui.ports import Cloud

LIMIT = 10.0
"""Real seconds that any check may take; all run at the same time, so it is the limit of them all."""
_API_OFF = ("SERVICE_DISABLED", "accessNotConfigured")

Look = Callable[["Deployment", "Cloud"], Awaitable[CheckRow]]


async def survey(deployment: Deployment, cloud: Cloud, limit: float = LIMIT) -> tuple[CheckRow, ...]:
    """All checks in a fixed order; sends only reads and never raises SaxtuiError.

    What is refused only because of something else is unknown: where an API is off the row for the APIs tells why, and
    where there are no credentials, no network or no such project, one row tells that and the others follow from it.
    """
    looks: list[tuple[str, Look]] = [
        ("account", _account),
        ("project", _from(project)),
        ("billing", _from(billing)),
        *((name, _from(look)) for name, look in LOOKS),
        ("bucket", _bucket),
        ("existing", _existing),
    ]
    rows = await asyncio.gather(*(_bounded(name, look, deployment, cloud, limit) for name, look in looks))
    return (*_without_echoes(tuple(rows)), *_not_asked(deployment))


def _without_echoes(rows: tuple[CheckRow, ...]) -> tuple[CheckRow, ...]:
    first = root(rows)
    if first is None:
        return rows
    said = f"cannot be told: see {first.name}"
    return tuple(CheckRow(row.name, Answer.UNKNOWN, said) if row.problems and row is not first else row for row in rows)


def problems(rows: tuple[CheckRow, ...]) -> tuple[Problem, ...]:
    """Every problem of the rows, in their order, each once."""
    return tuple(dict.fromkeys(problem for row in rows for problem in row.problems))


async def _bounded(name: str, look: Look, deployment: Deployment, cloud: Cloud, limit: float) -> CheckRow:
    try:
        async with asyncio.timeout(limit):
            row = await look(deployment, cloud)
    except TimeoutError:
        return CheckRow(name, Answer.UNKNOWN, f"no answer within {limit:g} s")
    except SaxtuiError as error:
        if error.problem.reason in _API_OFF:
            return CheckRow(name, Answer.UNKNOWN, "cannot be asked while an API is off")
        return CheckRow(name, Answer.PROBLEM, error.problem.one_line(), (error.problem,))
    return CheckRow(name, row.answer, row.said, row.problems)


def _from(look: Callable[[Deployment, Cloud, Findings], Awaitable[object]]) -> Look:
    """One of the checks that `up` makes, as a row."""

    async def row(deployment: Deployment, cloud: Cloud) -> CheckRow:
        found = Findings()
        await look(deployment, cloud, found)
        if found.problems:
            said = "; ".join(problem.one_line() for problem in found.problems)
            return CheckRow("", Answer.PROBLEM, said, tuple(found.problems))
        said = "; ".join(found.lines)
        return CheckRow("", Answer.UNKNOWN if "unknown" in said else Answer.OK, said or "fine")

    return row


async def _account(deployment: Deployment, cloud: Cloud) -> CheckRow:
    return CheckRow("", Answer.OK, await cloud.projects.account())


async def _bucket(deployment: Deployment, cloud: Cloud) -> CheckRow:
    name = f"gs://{deployment.bucket}"
    try:
        found = await cloud.buckets.get(deployment.bucket)
    except Denied as error:
        if error.problem.reason in _API_OFF:
            raise
        return _taken(name, "its name is taken by somebody else: bucket names are unique in the world")
    if found is None:
        return CheckRow("", Answer.OK, f"{name} is free")
    if not deployment.owns(found.labels):
        if deployment.adopt_bucket:
            return CheckRow("", Answer.OK, f"{name} is there and not ours; it is used, and never deleted")
        return _taken(name, "it exists and is not ours")
    return CheckRow("", Answer.OK, f"{name} is there and ours")


def _taken(name: str, said: str) -> CheckRow:
    problem = Problem(
        tried="use",
        target=f"bucket {name}",
        said=said,
        next_step="choose another name: the field bucket; or set adopt_bucket to use one you may read",
        reason="BUCKET_TAKEN",
        command=f"gcloud storage buckets describe {name}",
    )
    return CheckRow("", Answer.PROBLEM, problem.one_line(), (problem,))


async def _existing(deployment: Deployment, cloud: Cloud) -> CheckRow:
    """The cluster and the account under the deployment's names, and whose they are."""
    clusters, account = await asyncio.gather(
        cloud.gke.list_clusters(deployment.region), cloud.identity.get_account(deployment.service_account_email)
    )
    said, wrong = [], []
    cluster = next((item for item in clusters if item.name == deployment.cluster.name), None)
    if cluster is not None:
        ours = deployment.owns(cluster.labels)
        said.append(f"cluster {cluster.name} is there ({cluster.status}), {'ours' if ours else 'not ours'}")
        if not ours and not deployment.cluster.adopt:
            wrong.append(_foreign(f"cluster {cluster.name} in {deployment.region}", "or set cluster.adopt to use it"))
    if account is not None:
        ours = account.description == deployment.mark
        said.append(f"service account {account.email} is there, {'ours' if ours else 'not ours'}")
        if not ours:
            wrong.append(_foreign(f"service account {account.email}", "the field identity.service_account"))
    others = [item.name for item in clusters if item.name != deployment.cluster.name]
    if others:
        said.append(f"other clusters in {deployment.region}: {', '.join(sorted(others)[:6])}")
    if wrong:
        return CheckRow("", Answer.PROBLEM, "; ".join(said), tuple(wrong))
    return CheckRow("", Answer.OK, "; ".join(said) or "nothing of these names is there yet")


def _foreign(target: str, way_out: str) -> Problem:
    return Problem(
        tried="use", target=target, said="exists and is not ours", next_step=f"choose another name, {way_out}",
        reason="NOT_OURS",
    )  # fmt: skip


def _not_asked(deployment: Deployment) -> tuple[CheckRow, ...]:
    """What the file's own rules prove, and what nobody can know."""
    rows = [CheckRow("names", Answer.OK, "every name is legal: the deployment file would not be read otherwise")]
    said = f"whether {deployment.zone} has {deployment.chips} chips free cannot be known beforehand"
    return (*rows, CheckRow("capacity", Answer.UNKNOWN, said))
