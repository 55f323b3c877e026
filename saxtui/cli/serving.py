"""`publish`, `update`, `models`, `generate` and `unpublish`: the model that is served."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from saxtui.cli import render
from saxtui.cli.front import Front, label
from saxtui.cli.options import deployment_option, json_option, model_option, no_question_option, wait_options
from saxtui.errors import CallError, ExitCode, Problem, UsageProblem
from saxtui.model.serving import ModelStatus, Sampling
from saxtui.model.text import safe
from saxtui.present.models import sentence

if TYPE_CHECKING:
    from saxtui.engine.session import Session

_LARGEST_PROMPT = 1_048_576


@click.command("publish")
@deployment_option
@model_option
@click.option("--path", default="", help="Sax model class; default: the deployment's.")
@click.option("--checkpoint", default="", help="Default: the deployment's; None means random weights.")
@click.option("--replicas", default=0, type=click.IntRange(min=0), help="Default: one for each slice.")
@wait_options
@no_question_option
@json_option
@click.pass_obj
def publish(
    front: Front, named: str | None, model: str, path: str, checkpoint: str, replicas: int, wait: bool,
    timeout: float,
) -> int:  # fmt: skip
    """Publish the model. Returns when it is published; loading takes minutes more (--wait)."""

    async def work(session: Session) -> int:
        status = await session.publish(model, path, checkpoint, replicas)
        front.out.line(f"published {status.id}: {sentence(status)}")
        if wait:
            status = await until_loaded(front, session, model, timeout)
        render.models(front.out, [status], session.cloud.clock.now())
        if not wait:
            given = label(named, session.deployment)
            front.out.line(("next: ", "dim"), f"saxtui models -d {given} --wait   (assigned is not loaded)")
        return int(ExitCode.DONE)

    return front.with_session(named, work, write=True)


async def until_loaded(front: Front, session: Session, model: str, timeout: float) -> ModelStatus:
    """Wait until loaded, printing each change of what is known."""
    loading = asyncio.ensure_future(session.wait_loaded(model, timeout))
    said = asyncio.create_task(_say_changes(front, session, model or session.deployment.model.id))
    try:
        return await _first(loading, said)
    finally:
        for task in (loading, said):
            task.cancel()


async def _first(loading: asyncio.Future[ModelStatus], said: asyncio.Task[None]) -> ModelStatus:
    either: set[asyncio.Future[Any]] = {loading, said}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if said.done():
        said.result()
    return await loading


async def _say_changes(front: Front, session: Session, model: str) -> None:
    last, revision = "", -1
    while True:
        revision = await session.store.changed(revision)
        status = next((m for m in session.store.state.models.value or () if m.id == model), None)
        if status is None or sentence(status) == last:
            continue
        last = sentence(status)
        front.out.line(f"{status.id}: {last}")
        front.out.record(
            "loading", id=status.id, max_replicas=status.max_replicas, active_replicas=status.active_replicas,
            loaded=status.loaded, failed=status.failed,
        )  # fmt: skip


@click.command("update")
@deployment_option
@model_option
@click.option("--replicas", default=0, type=click.IntRange(min=0), help="How many slices; default: as many as now.")
@click.option("--checkpoint", default="", help="Another checkpoint; default: the same.")
@wait_options
@no_question_option
@json_option
@click.pass_obj
def update(
    front: Front, named: str | None, model: str, replicas: int, checkpoint: str, wait: bool, timeout: float
) -> int:
    """Change how many slices a published model takes, or its checkpoint."""

    async def work(session: Session) -> int:
        status = await session.update(model, replicas, checkpoint)
        front.out.line(f"updated {status.id}: {sentence(status)}")
        if wait:
            status = await until_loaded(front, session, model, timeout)
        render.models(front.out, [status], session.cloud.clock.now())
        return int(ExitCode.DONE)

    return front.with_session(named, work, write=True)


@click.command("models")
@deployment_option
@model_option
@click.option("--canary", is_flag=True, help="Send each loaded model one tiny prompt, and tell how long it took.")
@wait_options
@json_option
@click.pass_obj
def models(front: Front, named: str | None, model: str, canary: bool, wait: bool, timeout: float) -> int:
    """Show published models slice by slice: published, assigned, loading, loaded, answered, each with its proof."""

    async def work(session: Session) -> int:
        if wait:
            await until_loaded(front, session, model, timeout)
        found = [status for status in await session.models() if model in ("", status.id)]
        render.models(front.out, found, session.cloud.clock.now())
        render.reached(front.out, session.store.state.reach.value)
        beats = [await session.canary.beat(status.id) for status in found if canary and status.loaded]
        render.beats(front.out, beats)
        return int(ExitCode.DONE if all(beat.good for beat in beats) else ExitCode.TIMED_OUT)

    return front.with_session(named, work)


@click.command("generate")
@deployment_option
@model_option
@click.argument("prompt", required=False)
@click.option("--file", "file", type=click.Path(dir_okay=False), help="Read the prompt from this file.")
@click.option("--temperature", type=click.FloatRange(min=0))
@click.option("--top-k", type=click.IntRange(min=0))
@click.option("--top-p", type=click.FloatRange(min=0, max=1))
@click.option("--max-steps", type=click.IntRange(min=1))
@click.option("--timeout", default=120.0, show_default=True, type=click.FloatRange(min=1), help="Seconds.")
@click.option("--wait", is_flag=True, help="Wait until the model is loaded, then send it.")
@click.option(
    "--load-timeout",
    default=1800.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="With --wait: seconds to wait for the load at most.",
)
@click.option("--force", is_flag=True, help="Send it even while no slice is proved to have loaded the model.")
@json_option
@click.pass_obj
def generate(
    front: Front, named: str | None, model: str, prompt: str | None, file: str | None, temperature: float | None,
    top_k: int | None, top_p: float | None, max_steps: int | None, timeout: float, wait: bool, load_timeout: float,
    force: bool,
) -> int:  # fmt: skip
    """Send PROMPT once and print the best reply. PROMPT - (or none, in a pipe) reads standard input.

    Exit codes beside the usual: 5 the model is still loading, 6 no answer in time (the prompt is not repeated).
    """
    text = _prompt(prompt, file)
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, max_steps=max_steps)

    async def work(session: Session) -> int:
        if wait:
            await until_loaded(front, session, model, load_timeout)
        given = None if sampling == Sampling() else sampling
        try:
            reply = await session.generate(text, model, given, timeout, force=force)
        except CallError as error:
            if error.problem.reason == "TIMEOUT":
                return front.failed(error.problem, ExitCode.TIMED_OUT)
            raise
        render.reply(front.out, reply)
        return int(ExitCode.DONE)

    return front.with_session(named, work)


def _prompt(given: str | None, file: str | None) -> str:
    if file is not None and given is not None:
        raise click.UsageError("the prompt is an argument or in a file, not both")
    if file is None and given is None and sys.stdin.isatty():
        raise click.UsageError("no prompt: give it as an argument, with --file, or - and standard input")
    text = (given or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if file is not None:
        try:
            with Path(file).open("rb") as opened:
                text = _decoded(opened.read(_LARGEST_PROMPT + 1))
        except OSError as error:
            said = error.strerror or type(error).__name__
            raise UsageProblem(Problem("read", safe(file), said, next_step="name a readable file")) from None
    elif given is None or given == "-":
        text = _decoded(sys.stdin.buffer.read(_LARGEST_PROMPT + 1))
    if not text:
        raise click.UsageError("the prompt is empty")
    return text


def _decoded(data: bytes) -> str:
    if len(data) > _LARGEST_PROMPT:
        raise UsageProblem(Problem("read", "the prompt", "is longer than 1 MiB", next_step="shorten it"))
    return data.decode("utf-8", "replace").rstrip("\n")


@click.command("unpublish")
@deployment_option
@model_option
@no_question_option
@json_option
@click.pass_obj
def unpublish(front: Front, named: str | None, model: str) -> int:
    """Stop serving the model. Not published is success."""

    async def work(session: Session) -> int:
        await session.unpublish(model)
        name = model or session.deployment.model.id
        front.out.record("unpublished", id=name)
        front.out.line(f"unpublished {name}")
        return int(ExitCode.DONE)

    return front.with_session(named, work, write=True)
