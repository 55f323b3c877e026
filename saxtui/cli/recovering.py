"""`recover`: begin a journal anew after it was lost or damaged, without sending anything that changes the cloud."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from saxtui.cli.front import Front, label, only_name
from saxtui.cli.options import deployment_option, json_option
from saxtui.errors import ExitCode

if TYPE_CHECKING:
    from saxtui.engine.session import Session


@click.command("recover")
@deployment_option
@json_option
@click.pass_obj
def recover(front: Front, named: str | None) -> int:
    """Find what is ours when the journal was lost: by backup, by its copy in the bucket, by labels."""
    library = front.runtime().library
    for line in library.repair_journal(library.load(named or only_name(library))):
        front.out.line(line)
        front.out.record("repaired", said=line)

    async def work(session: Session) -> int:
        rows, copy = await session.recover()
        front.out.line(copy)
        for row in rows:
            front.out.line(f"{row.step:<28}{row.ownership:<10}{row.resource}  ", (row.said, "dim"))
            front.out.record("recovered", **dataclasses.asdict(row))
        given = label(named, session.deployment)
        front.out.line(("next: ", "dim"), f"saxtui status -d {given}   saxtui up -d {given}   saxtui down -d {given}")
        doubtful = any(row.ownership in ("unknown", "intent", "operation") for row in rows)
        return int(ExitCode.DOUBT if doubtful else ExitCode.DONE)

    return front.with_session(named, work, write=True)
