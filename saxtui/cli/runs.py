"""`up` and `down`: the two commands that create and delete."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from saxtui.cli import choosing, render
from saxtui.cli.front import Front, label
from saxtui.cli.options import deployment_option, json_option, take_over_option, yes_option
from saxtui.cli.run_view import follow
from saxtui.cli.style import Piece
from saxtui.errors import ExitCode
from saxtui.present import receipt
from saxtui.present.plan import unchanged
from saxtui.present.spend import meter
from saxtui.present.words import duration, rate

if TYPE_CHECKING:
    from saxtui.engine.session import RunResult, Session
    from saxtui.model.plan import Plan

_GO_ON = -1


@click.command("up")
@deployment_option
@yes_option
@take_over_option
@click.option("--adopt", multiple=True, metavar="NAME", help="Use this step's resource although it is not ours.")
@click.option("--choose", metavar="CHOICE", help="A way on that an earlier up offered: wait:60, zone:Z, slices:N, ...")
@json_option
@click.pass_obj
def up(front: Front, named: str | None, yes: bool, take_over: bool, adopt: tuple[str, ...], choose: str | None) -> int:
    """Create what is missing; go on with what an earlier run left. Asks for the project id."""

    async def work(session: Session) -> int:
        given = label(named, session.deployment)
        return await bring_up(front, session, named=given, yes=yes, take_over=take_over, adopt=adopt)

    async def first(session: Session) -> int:
        given = label(named, session.deployment)
        if choose == "down":
            return await take_down(front, session, named=given, yes=yes, take_over=take_over)
        result = await choosing.prepare(front, session, choose or "again", named=given, yes=yes)
        if result is None:
            return _GO_ON
        report(front, session, result)
        choosing.show(front, result.choices, given)
        return int(result.exit_code)

    if choose:
        ended = front.with_session(named, first, write=True)
        if ended != _GO_ON:
            return ended
    return front.with_session(named, work, write=True)


async def bring_up(
    front: Front,
    session: Session,
    *,
    named: str,
    yes: bool,
    take_over: bool = False,
    adopt: tuple[str, ...] = (),
    kind: str = "up",
) -> int:
    """Plan, ask, run, and say what bills and what to do next; returns the exit code. `kind`: "up" or "resume"."""
    plan = await session.plan(adopt)
    render.plan(front.out, plan)
    if not unchanged(plan):
        await front.consent(_up_question(plan), plan.project, yes=yes)
    await front.keep_copy()
    with front.at_stake(session, named, kind):
        result = await follow(front, session, session.up(plan, take_over=take_over, adopt=adopt, kind=kind))
        report(front, session, result)
    choosing.show(front, result.choices, named)
    outcome(front, session, result)
    next_step = f"saxtui pods -d {named}   saxtui publish -d {named}   saxtui down -d {named}"
    if result.exit_code != ExitCode.DONE:
        next_step = f"go on: saxtui {kind} -d {named}   take down: saxtui down -d {named}"
    front.out.line(("next: ", "dim"), next_step)
    return int(result.exit_code)


def outcome(front: Front, session: Session, result: RunResult) -> None:
    """What bills after the run, and its record."""
    cost = meter(session.deployment, session.store.state.progress, session.cloud.clock.now())
    render.bills(front.out, cost)
    front.out.record(
        "result", kind=result.kind, outcome=result.outcome, exit_code=int(result.exit_code), seconds=result.seconds,
        usd_per_hour=cost.usd_per_hour, spent=cost.spent, unpriced=cost.unpriced,
        doubtful=cost.doubtful, under_way=cost.under_way,
    )  # fmt: skip


def _up_question(plan: Plan) -> list[list[Piece]]:
    risks: list[list[Piece]] = [[("! ", "bad"), sentence] for sentence in plan.risks]
    return [
        *risks,
        [("This creates resources in project ", ""), (plan.project, "head"), f" at {rate(plan.usd_per_hour)}."],
    ]


def report(front: Front, session: Session, result: RunResult) -> None:
    """How the run ended: its problems as blocks, and one line."""
    for problem in result.problems:
        front.failed(problem, result.exit_code)
    role = "ok" if result.exit_code == ExitCode.DONE else "bad"
    front.out.line(
        (f"{result.kind} {result.outcome}", role), f" in {duration(result.seconds)}: {session.deployment.name}"
    )


@click.command("down")
@deployment_option
@yes_option
@click.option("--keep-bucket", is_flag=True, help="Leave the bucket and what is in it.")
@click.option("--also", multiple=True, metavar="NAME", help="Delete this adopted resource too.")
@take_over_option
@json_option
@click.pass_obj
def down(front: Front, named: str | None, yes: bool, keep_bucket: bool, take_over: bool, also: tuple[str, ...]) -> int:
    """Delete what is ours and prove it gone. Asks for the deployment's name."""

    async def work(session: Session) -> int:
        given = label(named, session.deployment)
        return await take_down(
            front, session, named=given, yes=yes, keep_bucket=keep_bucket, take_over=take_over, also=also
        )

    return front.with_session(named, work, write=True)


async def take_down(
    front: Front,
    session: Session,
    *,
    named: str,
    yes: bool,
    keep_bucket: bool = False,
    take_over: bool = False,
    also: tuple[str, ...] = (),
) -> int:
    """Ask, delete, and print the receipt; returns the exit code."""
    deployment = session.deployment
    kept = (
        "; the bucket stays"
        if keep_bucket
        else f", with bucket {deployment.bucket} and what Sax and saxtui wrote in it"
    )
    others = f"; and the adopted {', '.join(also)}, which others made" if also else ""
    await front.consent(
        [[("This deletes ", "warn"), (deployment.name, "head"), f" in project {deployment.project}{kept}{others}."]],
        deployment.name,
        yes=yes,
    )
    with front.at_stake(session, named, "down"):
        result = await follow(front, session, session.down(keep_bucket=keep_bucket, take_over=take_over, also=also))
        report(front, session, result)
        saved = await front.write_receipt(session)
    rows = receipt.rows(session.store.state.progress, kept=("bucket",) if keep_bucket else ())
    render.receipt(front.out, rows)
    if saved is not None:
        render.receipt_file(front.out, saved)
    front.out.record(
        "result", kind="down", outcome=result.outcome, exit_code=int(result.exit_code), seconds=result.seconds,
        gone=sum(row.sign.word == "gone" for row in rows), verdict=receipt.verdict(rows),
        receipt=saved.json_path if saved else None, clean=saved.body["clean"] if saved else None,
        proofs=[dataclasses.asdict(proof) for proof in result.proofs],
    )  # fmt: skip
    if result.exit_code != ExitCode.DONE:
        render.bills(front.out, meter(deployment, session.store.state.progress, session.cloud.clock.now()))
        front.out.line(("next: ", "dim"), f"saxtui down -d {named}   (goes on where this stopped)")
    return int(result.exit_code)
