"""`up --choose`: one of the ways on that a half-way run offered, done on order."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from saxtui.cli.front import Front
from saxtui.cli.run_view import follow
from saxtui.errors import ExitCode, Problem, UsageProblem
from saxtui.present.words import rate

if TYPE_CHECKING:
    from saxtui.engine.session import RunResult, Session
    from saxtui.model.choices import Choice
    from saxtui.model.deployment import Deployment
    from saxtui.ports import Library


def show(front: Front, found: tuple[Choice, ...], named: str) -> None:
    """The ways on, numbered, each with what bills meanwhile and what it changes; a record each with --json."""
    if found:
        front.out.line(("ways on:", "head"))
    for number, choice in enumerate(found, 1):
        changes = "; ".join(f"{field}: {old} becomes {new}" for field, old, new in choice.changes)
        said = ". ".join(part for part in (choice.said, changes) if part)
        bills = f"bills {rate(choice.usd_per_hour)}"
        front.out.line(f"  {number} ", (choice.title, "head"), f"   {said}" if said else "", (f"   {bills}", "dim"))
        front.out.line((f"      saxtui up -d {named} --choose {choice.key}", "dim"))
        front.out.record(
            "choice", number=number, key=choice.key, title=choice.title, said=choice.said,
            usd_per_hour=choice.usd_per_hour, changes=[list(change) for change in choice.changes],
        )  # fmt: skip


def changed(deployment: Deployment, key: str) -> Deployment:
    """The deployment as the choice makes it. Raises UsageProblem for what is no choice."""
    from saxtui.model.choices import apply_to

    try:
        return apply_to(deployment, key)
    except ValueError as error:
        lines = str(error).splitlines()
        raise UsageProblem(Problem(tried="choose", target=key, said=lines[-1] if lines else "not possible")) from None


async def prepare(front: Front, session: Session, key: str, *, named: str, yes: bool) -> RunResult | None:
    """Do what the choice asks before `up`: show and save the file's change, roll back. None: go on with `up`."""
    deployment = session.deployment
    wanted = changed(deployment, key)
    if key == "again":
        return None
    if key.startswith("wait:"):
        return await follow(front, session, session.wait_for_room(int(key.partition(":")[2])))
    if wanted is not deployment:
        question = [f"{name}: {old} becomes {new}" for name, old, new in _differences(deployment, wanted)]
        await front.consent([[("This changes the deployment file: ", "warn"), "; ".join(question)]], "yes", yes=yes)
    if key == "pause":
        return await follow(front, session, session.let_go())
    result = await follow(front, session, session.roll_back())
    if key == "rollback" or result.exit_code is not ExitCode.DONE:
        return result
    runtime = front.runtime()
    front.diagnostics.note(f"changed: {await asyncio.to_thread(_save, runtime.library, wanted, named)}")
    return None


def _save(library: Library, wanted: Deployment, named: str) -> str:
    return library.save(wanted, named if Path(named).expanduser().is_file() else "")


def _differences(old: Deployment, new: Deployment) -> list[tuple[str, object, object]]:
    rows: list[tuple[str, object, object]] = []
    if old.zone != new.zone:
        rows.append(("zone", old.zone, new.zone))
    if old.slices.count != new.slices.count:
        rows.append(("slices.count", old.slices.count, new.slices.count))
    return rows
