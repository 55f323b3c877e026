"""`why`, `mend` and `events`: what is wrong and why, the remedy for a slice that hangs, and what Kubernetes told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import click

from saxtui.cli import runs
from saxtui.cli.front import Front, label
from saxtui.cli.logs import require_slice
from saxtui.cli.options import deployment_option, json_option, take_over_option, yes_option
from saxtui.cli.run_view import follow
from saxtui.errors import ExitCode
from saxtui.model.diagnosis import Gravity
from saxtui.present import why as present_why
from saxtui.present.times import clock

if TYPE_CHECKING:
    from saxtui.engine.session import Session
    from saxtui.model.cluster import ClusterEvent, ClusterView
    from saxtui.model.diagnosis import Report

_LABEL = 10


@click.command("why")
@deployment_option
@click.argument("pod", required=False, default="")
@click.option("--slice", "slice_index", type=click.IntRange(min=0), help="Only what has to do with one slice.")
@click.option("--watch", is_flag=True, help="Go on and print what changes, until Ctrl-C.")
@json_option
@click.pass_obj
def why(front: Front, named: str | None, pod: str, slice_index: int | None, watch: bool) -> int:
    """Say why something is red or grey: the chain of causes with its evidence, and the next safe action.

    With POD (or a prefix of its name) or --slice only what has to do with it.
    """
    if pod and slice_index is not None:
        raise click.UsageError("choose one of POD and --slice")

    async def work(session: Session) -> int:
        await require_slice(session, slice_index)
        report = await session.why()
        name, index = _aim(session, pod, slice_index)
        _print(front, report, index, name)
        if watch:
            front.endless = True
            await _watch(front, session, index, name)
        return _code(report, index, name)

    return front.with_session(named, work)


def _aim(session: Session, pod: str, slice_index: int | None) -> tuple[str, int]:
    """The pod's whole name and its slice. Raises UsageProblem when the name fits none or several."""
    if not pod:
        return "", -1 if slice_index is None else slice_index
    from saxtui.engine.session import LogSelection
    from saxtui.engine.watching.logs import select

    view = session.store.state.cluster.value
    found = select({**(view.pods if view else {}), **(view.system if view else {})}, LogSelection(pod=pod))[0]
    return found.name, found.slice


def _code(report: Report, slice_index: int, pod: str) -> int:
    """0 for nothing or warnings only, 3 where something does not serve, 4 where nobody knows why."""
    if not report.known:
        return int(ExitCode.DOUBT)
    found = present_why.about(report, slice_index, pod)
    return int(ExitCode.BILLABLE if any(item.gravity is not Gravity.WARNING for item in found) else ExitCode.DONE)


def _print(front: Front, report: Report, slice_index: int, pod: str) -> None:
    found = present_why.about(report, slice_index, pod)
    for diagnosis in found:
        _show(front, present_why.lines(diagnosis, report.at))
        front.out.record("why", at=report.at, **present_why.record(diagnosis))
        front.out.line("")
    if not report.known:
        _show(front, present_why.unknown(report))
        for fact in report.facts:
            front.out.record("fact", **present_why.clue_record(fact))
    elif not found:
        mark = present_why.PARTLY if report.unseen else present_why.WELL
        front.out.line(front.out.style.sign(mark, word=False), f" {present_why.nothing(report)}")
    _show(front, present_why.unseen(report))
    front.out.record(
        "verdict", at=report.at, found=len(found), known=report.known, healthy=report.healthy, unseen=report.unseen
    )


def _show(front: Front, lines: list[present_why.WhyLine]) -> None:
    for line in lines:
        pad = "  " * line.indent
        mark = f"{line.label:<{_LABEL}}" if line.label or line.indent > 1 else ""
        front.out.line((f"{pad}{mark}", line.role if line.role == "bad" else "dim"), (line.text, line.role))


async def _watch(front: Front, session: Session, slice_index: int, pod: str) -> None:
    """Print the report whenever it changes, until cancelled."""
    shown = session.store.state.why.value
    async with _kept(session):
        revision = -1
        while True:
            revision = await session.store.changed(revision)
            report = session.store.state.why.value
            if report is None or (shown is not None and _key(report) == _key(shown)):
                continue
            shown = report
            front.out.line((f"-- {clock(report.at)}", "dim"))
            _print(front, report, slice_index, pod)


def _key(report: Report) -> object:
    """What makes two reports different to a reader: not how old the same cause is."""
    return tuple((item.rule, item.slices, len(item.chain)) for item in report.diagnoses), report.known, report.unseen


@asynccontextmanager
async def _kept(session: Session) -> AsyncIterator[None]:
    """The picture, the phases and the report are live inside."""
    tasks = [
        asyncio.create_task(session.watch(), name="watch"),
        asyncio.create_task(session.hear(lambda: ()), name="hear"),
        asyncio.create_task(session.tend(), name="tend"),
        asyncio.create_task(session.inquire(), name="inquire"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@click.command("mend")
@deployment_option
@yes_option
@take_over_option
@json_option
@click.pass_obj
def mend(front: Front, named: str | None, yes: bool, take_over: bool) -> int:
    """Recreate the JobSet: the remedy for a slice that hangs. All slices stop and start; asks for the name."""

    async def work(session: Session) -> int:
        given = label(named, session.deployment)
        await front.consent(
            [
                [("This deletes the JobSet of ", "warn"), (session.deployment.name, "head"), " and applies it again."],
                ["All slices stop answering and start together; published models reload, about 11 minutes."],
            ],
            session.deployment.name,
            yes=yes,
        )
        with front.at_stake(session, given, "mend"):
            result = await follow(front, session, session.mend(take_over=take_over))
            runs.report(front, session, result)
        runs.outcome(front, session, result)
        next_step = f"saxtui models -d {given} --wait   saxtui why -d {given}"
        if result.exit_code != ExitCode.DONE:
            next_step = f"go on: saxtui up -d {given}   why: saxtui why -d {given}"
        front.out.line(("next: ", "dim"), next_step)
        return int(result.exit_code)

    return front.with_session(named, work, write=True)


@click.command("events")
@deployment_option
@click.argument("pod", required=False, default="")
@click.option("--warnings", is_flag=True, help="Only warnings.")
@click.option("--watch", is_flag=True, help="Go on and print what comes, until Ctrl-C.")
@json_option
@click.pass_obj
def events(front: Front, named: str | None, pod: str, warnings: bool, watch: bool) -> int:
    """Print what Kubernetes told, oldest first: of our namespace, of the JobSet controller's, and of nodes.

    With POD only what is told of objects whose name begins like that.
    """

    async def work(session: Session) -> int:
        shown: dict[str, int] = {}
        _tell(front, await session.look(), shown, pod, warnings=warnings)
        if watch:
            front.endless = True
            async with _kept_view(session) as views, aclosing(views) as found:
                async for view in found:
                    _tell(front, view, shown, pod, warnings=warnings)
        return int(ExitCode.DONE)

    return front.with_session(named, work)


@asynccontextmanager
async def _kept_view(session: Session) -> AsyncIterator[AsyncGenerator[ClusterView, None]]:
    watching = asyncio.create_task(session.watch(), name="watch")

    async def views() -> AsyncGenerator[ClusterView, None]:
        revision = -1
        while not watching.done():
            revision = await session.store.changed(revision)
            view = session.store.state.cluster.value
            if view is not None:
                yield view

    try:
        yield views()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _tell(front: Front, view: ClusterView, shown: dict[str, int], name: str, *, warnings: bool) -> None:
    """Print the events that are new, or have been counted on."""
    for event in view.events:
        if shown.get(event.uid) == event.count or not event.name.startswith(name) or (warnings and not event.warning):
            continue
        shown[event.uid] = event.count
        _tell_one(front, event)


def _tell_one(front: Front, event: ClusterEvent) -> None:
    times = f" x{event.count}" if event.count > 1 else ""
    front.out.line(
        (f"{clock(event.at)}  ", "dim"), (f"{event.reason}{times}", "warn" if event.warning else "busy"),
        f"  {event.kind.lower()}/{event.name}: {event.message}",
    )  # fmt: skip
    front.out.record(
        "event", at=event.at, first=event.first or None, kind=event.kind, name=event.name, namespace=event.namespace,
        reason=event.reason, message=event.message, warning=event.warning, count=event.count, source=event.source,
    )  # fmt: skip
