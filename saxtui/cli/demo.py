"""`demo`: the whole main job on an embedded cloud, in the console or printed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from saxtui.cli import render
from saxtui.cli.demo_cloud import DemoCloud
from saxtui.cli.emulator import SCENARIO, serve_options
from saxtui.cli.front import Front
from saxtui.cli.options import json_option
from saxtui.cli.runs import bring_up, take_down
from saxtui.cli.serving import until_loaded
from saxtui.cli.setup import make
from saxtui.cli.watching import show_pods
from saxtui.errors import ExitCode, Problem, StepFailed

if TYPE_CHECKING:
    from saxtui.engine.session import Session

PROMPT = "How many days are in a week?"


@click.command("demo")
@click.option("--headless", is_flag=True, help="Run the whole main job and print it, also on a terminal.")
@click.option("--speed", default=60.0, show_default=True, type=click.FloatRange(min=0, min_open=True))
@SCENARIO
@click.option("--seed", type=int, help="What chance begins with.")
@json_option
@click.pass_obj
def demo(front: Front, headless: bool, speed: float, scenario: str | None, seed: int | None) -> int:
    """The main job on the embedded cloud: no account, no cost. Opens the console on a terminal."""
    options = serve_options(speed, None, scenario, seed)
    screens = not headless and not front.out.as_json and sys.stdin.isatty() and sys.stdout.isatty()
    with _signals_unwind(), DemoCloud(front.environ, options) as cloud, front.on_leave(cloud.kill):
        if screens:
            return front.console(cloud.environ)
        return _headless(front, cloud, speed)


@contextmanager
def _signals_unwind() -> Iterator[None]:
    """SIGTERM and SIGHUP end the process through its `finally` blocks, so that no folder is left behind."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(int(ExitCode.REFUSED))

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _headless(front: Front, cloud: DemoCloud, speed: float) -> int:
    before = cloud.resources()
    front.out.record("demo", state="serving", speed=speed, resources=len(before))
    front.out.line(("embedded cloud", "head"), f" at {speed:g} times life; it holds {len(before)} resources")
    deployment_file = _save(front, cloud.environ)
    inner = front.within(cloud.environ)
    code = inner.with_session(deployment_file, lambda session: main_job(inner, session), write=True)
    if code != ExitCode.DONE:
        return code
    return _prove(front, before, cloud.resources())


def _save(front: Front, environ: Mapping[str, str]) -> str:
    runtime = front.within(environ).runtime()
    deployment = make("tutorial", project=runtime.surroundings.default_project or "demo-project")
    _chapter(front, "init", f"{deployment.name} in {deployment.project} / {deployment.zone}")
    return runtime.library.save(deployment)


async def main_job(front: Front, session: Session) -> int:
    """Plan, up, pods, publish, wait, generate, unpublish, down; stops at the first that fails."""
    name = session.deployment.name
    _chapter(front, "up", "plan and create")
    code = await bring_up(front, session, named=name, yes=True)
    if code != ExitCode.DONE:
        return code
    _chapter(front, "pods", "every host of every slice")
    await show_pods(front, session)
    _chapter(front, "publish", session.deployment.model.id)
    await session.publish()
    await until_loaded(front, session, "", 3600.0)
    _chapter(front, "models", "assigned, loaded, and the proof")
    render.models(front.out, await session.models(), session.cloud.clock.now())
    _chapter(front, "generate", PROMPT)
    reply = await session.generate(PROMPT)
    render.reply(front.out, reply)
    front.out.line((f"{reply.seconds:.1f} s, about {reply.tokens_per_second:.0f} tokens a second (estimated)", "dim"))
    _chapter(front, "unpublish", session.deployment.model.id)
    await session.unpublish()
    _chapter(front, "down", "delete and prove")
    return await take_down(front, session, named=name, yes=True)


def _chapter(front: Front, name: str, said: str) -> None:
    front.out.record("chapter", name=name, said=said)
    front.out.line()
    front.out.line((f"== {name}", "head"), f"  {said}")


def _prove(front: Front, before: list[str], after: list[str]) -> int:
    left = [item for item in after if item not in before]
    lost = [item for item in before if item not in after]
    front.out.record("proof", before=len(before), after=len(after), left=left, lost=lost)
    if left or lost:
        problem = Problem(
            tried="compare",
            target="the embedded cloud with what it held before",
            said=f"{len(left)} resources are left over, {len(lost)} are missing",
            details=tuple(item[:200] for item in (*left, *lost)[:20]),
        )
        raise StepFailed(problem)
    front.out.line(("note: ", "dim"), "the demo's state folder goes now, and that receipt's file with it")
    front.out.line(("proved: ", "ok"), f"the embedded cloud holds what it held before: {len(after)} resources")
    return int(ExitCode.DONE)
