"""`pause`, `resume` and `extend`: slices to zero and back, and more time to live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from saxtui.cli import choosing, runs
from saxtui.cli.front import Front, label
from saxtui.cli.options import deployment_option, json_option, take_over_option, yes_option
from saxtui.cli.run_view import follow
from saxtui.errors import ExitCode, Problem, Refused
from saxtui.present.spend import meter, paused_meter
from saxtui.present.times import moment

if TYPE_CHECKING:
    from saxtui.engine.session import Session


@click.command("pause")
@deployment_option
@yes_option
@take_over_option
@json_option
@click.pass_obj
def pause(front: Front, named: str | None, yes: bool, take_over: bool) -> int:
    """Scale every slice to zero hosts; cluster, bucket and identity stay. Asks first: the model stops answering."""

    async def work(session: Session) -> int:
        return await pause_slices(front, session, named=label(named, session.deployment), yes=yes, take_over=take_over)

    return front.with_session(named, work, write=True)


async def pause_slices(front: Front, session: Session, *, named: str, yes: bool, take_over: bool = False) -> int:
    """Ask, let the slices go, and say what bills on; returns the exit code."""
    from saxtui.model.choices import choices, troubles

    deployment, progress, now = session.deployment, session.store.state.progress, session.cloud.clock.now()
    if not progress.run:
        raise _nothing(deployment.name, "pause", f"bring it up first: saxtui up -d {named}")
    before, after = meter(deployment, progress, now), paused_meter(deployment, progress, now)
    await front.consent(
        [
            [("This stops the model servers of ", "warn"), (deployment.name, "head"), " and lets every slice go to 0."],
            [f"It bills {before.rate_text} now and {after.rate_text} while paused; whether the chips are free again"],
            ["when it is resumed cannot be known."],
        ],
        deployment.name,
        yes=yes,
    )
    with front.at_stake(session, named, "pause"):
        result = await follow(front, session, session.pause_slices(take_over=take_over))
        runs.report(front, session, result)
    if result.exit_code != ExitCode.DONE:
        progress = session.store.state.progress
        choosing.show(front, choices(deployment, progress, troubles(progress)), named)
    runs.outcome(front, session, result)
    next_step = f"saxtui resume -d {named}   saxtui down -d {named}"
    if result.exit_code != ExitCode.DONE:
        next_step = (
            f"go on: saxtui pause -d {named}   back: saxtui resume -d {named}   take down: saxtui down -d {named}"
        )
    front.out.line(("next: ", "dim"), next_step)
    return int(result.exit_code)


@click.command("resume")
@deployment_option
@yes_option
@take_over_option
@json_option
@click.pass_obj
def resume(front: Front, named: str | None, yes: bool, take_over: bool) -> int:
    """Bring paused slices and their model servers back. Asks for the project id; published models load again."""

    async def work(session: Session) -> int:
        given, progress = label(named, session.deployment), session.store.state.progress
        if not progress.run or not (progress.paused or progress.kind in ("pause", "resume")):
            raise _nothing(session.deployment.name, "resume", f"what is missing of it is made by: saxtui up -d {given}")
        return await runs.bring_up(front, session, named=given, yes=yes, take_over=take_over, kind="resume")

    return front.with_session(named, work, write=True)


@click.command("extend")
@deployment_option
@click.argument("time")
@take_over_option
@json_option
@click.pass_obj
def extend(front: Front, named: str | None, time: str, take_over: bool) -> int:
    """Move the end of the time to live by TIME, such as 90m, 4h or 2d. Nothing is ever deleted at the end by itself."""
    from saxtui.model.term import seconds

    try:
        more = seconds(time)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if not more:
        raise click.UsageError("name a time such as 90m, 4h or 2d")

    async def work(session: Session) -> int:
        until = await session.extend(more, take_over=take_over)
        front.out.line("time to live: ", ("until ", "dim"), moment(until))
        front.out.record("extended", deployment=session.deployment.name, until=until)
        return int(ExitCode.DONE)

    return front.with_session(named, work, write=True)


def _nothing(name: str, tried: str, next_step: str) -> Refused:
    said = "nothing of it exists yet" if tried == "pause" else "no slice of it is paused"
    return Refused(Problem(tried=tried, target=f"deployment {name}", said=said, next_step=next_step))
