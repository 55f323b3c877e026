"""What the project itself says to the draft: read-only calls, told one by one as they are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from saxtui.catalog import tpus
from saxtui.console.setup.meaning import Meaning, shape_of
from saxtui.errors import SaxtuiError
from saxtui.model.checks import Answer

if TYPE_CHECKING:
    from saxtui.console.sessions import Sessions
    from saxtui.console.setup.draft import Draft
    from saxtui.model.deployment import Deployment

_SHOWN = ("quota", "bucket")
"""Checks whose answer is worth a line even when it is good."""


async def project_ids(sessions: Sessions, project: str) -> list[str]:
    """The projects these credentials can see. Raises SaxtuiError."""
    return [item.id for item in await sessions.cloud(project).projects.list()]


async def probe(sessions: Sessions, draft: Draft, made: Deployment | None) -> AsyncIterator[Meaning]:
    """Account, project and offer, then everything `up` would check before it starts. Never raises SaxtuiError."""
    from saxtui.engine.steps.check import no_project

    try:
        projects = sessions.cloud(draft.project).projects
        account = await projects.account()
        yield Meaning("account", account)
        found = await projects.get(draft.project)
        if found is None or found.state != "ACTIVE":
            missing = no_project(draft.project, account, found.state if found else "")
            yield Meaning("project", missing.one_line(), "bad")
            yield Meaning("next", missing.next_step, "warn")
            return
        yield Meaning("project", f"{found.id} is there, number {found.number}", "ok")
        async for line in _offer(sessions, draft):
            yield line
        if made is not None:
            async for line in of_deployment(sessions, made):
                yield line
    except SaxtuiError as error:
        yield Meaning("check", error.problem.one_line(), "bad")
        if error.problem.next_step:
            yield Meaning("next", error.problem.next_step, "warn")


async def _offer(sessions: Sessions, draft: Draft) -> AsyncIterator[Meaning]:
    shape: tpus.SliceShape | None = shape_of(draft)
    if shape is None:
        return
    zones = await sessions.cloud(draft.project).projects.zones_offering(draft.project, shape.machine_type)
    if draft.zone in zones:
        yield Meaning("offer", f"{draft.zone} offers {shape.machine_type}", "ok")
    else:
        others = ", ".join(sorted(zones)[:4]) or "no zone of this project"
        yield Meaning("offer", f"{draft.zone} does not offer {shape.machine_type}; {others} does", "bad")


async def of_deployment(sessions: Sessions, made: Deployment) -> AsyncIterator[Meaning]:
    """The checks' problems with the way out of each, then the answers worth a line. Raises SaxtuiError."""
    session = await sessions.draft(made)
    try:
        rows = await session.checks()
    finally:
        await session.close()
    for row in rows:
        for problem in row.problems:
            yield Meaning("check", problem.one_line(), "bad")
            if problem.next_step:
                yield Meaning("next", problem.next_step, "warn")
        if row.name in _SHOWN or row.answer is Answer.UNKNOWN:
            yield Meaning(row.name, row.said, "dim" if row.answer is Answer.UNKNOWN else "ok")
    if not any(row.problems for row in rows):
        yield Meaning("checks", "APIs, permissions, quota are fine", "ok")
