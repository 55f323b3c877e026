"""`bench`: how long answers take under load, and how many come a second."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from saxtui.cli.front import Front
from saxtui.cli.options import deployment_option, json_option, model_option
from saxtui.errors import ExitCode, Problem, Refused, UsageProblem
from saxtui.model.bench import BenchRun, Load, Measured, Sample, begun, compare, from_data, generated
from saxtui.model.serving import Sampling
from saxtui.model.talk import Ask
from saxtui.model.text import safe
from saxtui.present import bench as words
from saxtui.present import bench_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saxtui.engine.runtime import Runtime
    from saxtui.engine.serving.bench import Bench
    from saxtui.engine.session import Session
    from saxtui.ports import Talker

_WRITERS = {".json": bench_files.as_json, ".csv": bench_files.as_csv, ".svg": bench_files.as_svg}
_LARGEST_PROMPTS = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line asked for."""

    loads: tuple[Load, ...]
    ask: Ask
    prompts: tuple[str, ...]
    compare: str
    export: str
    save: bool


def _numbers(_ctx: click.Context, param: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in value.split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of numbers such as 1,2,4", param=param) from None
    if any(not 0 < number <= 1024 for number in found):
        raise click.BadParameter("each must be above 0 and at most 1024", param=param)
    return found


@click.command("bench")
@deployment_option
@click.option("--openai", "url", default="", metavar="URL", help="A server of the OpenAI protocol, no deployment.")
@model_option
@click.option("--concurrency", default="", callback=_numbers, metavar="N[,N...]", help="So many at once (default 1).")
@click.option("--rate", default="", callback=_numbers, metavar="R[,R...]", help="So many a second, however slow.")
@click.option("-n", "--count", default=0, type=click.IntRange(min=0), help="Requests for each load (default 20).")
@click.option("--duration", default=0.0, type=click.FloatRange(min=0), help="Seconds for each load.")
@click.option("--warmup", default=1, show_default=True, type=click.IntRange(min=0), help="Requests not counted.")
@click.option("--prompt", default="", help="The prompt of every request.")
@click.option("--prompts", default="", metavar="FILE", help="Prompts in turn: one a line, or a JSON list of texts.")
@click.option("--words", default=12, show_default=True, type=click.IntRange(1, 4096), help="Of a generated prompt.")
@click.option("--max-steps", type=click.IntRange(min=1))
@click.option("--temperature", type=click.FloatRange(min=0))
@click.option("--timeout", default=120.0, show_default=True, type=click.FloatRange(min=1), help="Of one request.")
@click.option("--compare", "earlier", default="", metavar="RUN|FILE", help="Beside an earlier run.")
@click.option("--export", default="", metavar="FILE", help="Write .json, .csv or .svg.")
@click.option("--no-save", is_flag=True, help="Keep nothing in the state folder.")
@click.option("--runs", "listing", is_flag=True, help="List the saved runs.")
@click.option("--show", default="", metavar="RUN|FILE", help="Print a saved run; with --compare or --export too.")
@json_option
@click.pass_obj
def bench(
    front: Front, named: str | None, url: str, model: str, concurrency: tuple[float, ...], rate: tuple[float, ...],
    count: int, duration: float, warmup: int, prompt: str, prompts: str, words: int, max_steps: int | None,
    temperature: float | None, timeout: float, earlier: str, export: str, no_save: bool, listing: bool, show: str,
) -> int:  # fmt: skip
    """Measure latency and throughput of the served model. Ctrl-C ends it and reports what was measured."""
    if export and Path(export).suffix.lower() not in _WRITERS:
        raise click.UsageError(f"--export {export}: the name must end in .json, .csv or .svg")
    if listing or show:
        return _look_back(front, show, earlier, export)
    if any(number != int(number) for number in concurrency):
        raise click.UsageError("--concurrency takes whole numbers")
    each = replace(Load(), count=count or (0 if duration else 20), seconds=duration, warmup=warmup)
    loads = (
        *(replace(each, concurrency=int(number)) for number in concurrency or (() if rate else (1.0,))),
        *(replace(each, rate=number) for number in rate),
    )
    sampling = Sampling(temperature=temperature, max_steps=max_steps)
    ask = Ask("", model, None if sampling == Sampling() else sampling, timeout=timeout)
    wanted = _Wanted(loads, ask, _prompts(prompt, prompts, words), earlier, export, not no_save)
    if url:
        return _without_deployment(front, url, wanted)

    async def work(session: Session) -> int:
        talker = await session.measured_talker(model)
        return await _measure(front, front.opened_runtime, talker, session.deployment.name, wanted, session)

    return front.with_session(named, work)


def _without_deployment(front: Front, url: str, wanted: _Wanted) -> int:
    runtime = front.runtime()

    async def work() -> int:
        talker = runtime.openai(url)
        try:
            return await _measure(front, runtime, talker, url, wanted, None)
        finally:
            await talker.close()
            await runtime.close()

    return front.drive(work())


async def _measure(
    front: Front, runtime: Runtime, talker: Talker, target: str, wanted: _Wanted, session: Session | None
) -> int:
    from saxtui.engine.serving.bench import Bench

    clock = session.cloud.clock if session is not None else None
    abilities = await talker.abilities(wanted.ask.model)
    model = wanted.ask.model or next(iter(await talker.names()), "")
    now, speed = (clock.now(), clock.speed) if clock else (time.time(), 1.0)
    about = begun(target, model, abilities.server, len(wanted.prompts), now, speed)
    if clock is not None:
        tool = Bench(talker, abilities, wanted.ask, wanted.prompts, clock.now, clock.speed)
    else:
        tool = Bench(talker, abilities, wanted.ask, wanted.prompts)
    front.out.line(words.heading(about))
    with front.stoppable(tool.stop), _progress(front, wanted.loads, tool) as seen:
        run = await tool.run_all(wanted.loads, about, seen)
    return await _finish(front, runtime, run, wanted)


@contextmanager
def _progress(front: Front, loads: Sequence[Load], tool: Bench) -> Iterator[Any]:
    """A sentence on stderr now and then: how many came, the last latency. Prints nothing that a script reads."""
    count, last = 0, 0.0

    def seen(sample: Sample) -> None:
        nonlocal count, last
        count += 1
        if (now := time.monotonic()) - last >= 1.0:
            last = now
            said = sample.error or words.length(sample.seconds)
            front.diagnostics.note(("measuring: ", "dim"), f"{count} requests so far, the last {said}")

    yield seen
    if tool.stopped:
        front.diagnostics.note(("stopped: ", "warn"), "what was in flight is not counted")


async def _finish(front: Front, runtime: Runtime, run: BenchRun, wanted: _Wanted) -> int:
    runs = runtime.bench_runs()
    path = ""
    if wanted.save and any(one.samples for one in run.measured):
        path = await asyncio.to_thread(runs.save, run.id, bench_files.as_json(run))
    before = from_data(await asyncio.to_thread(runs.load, wanted.compare)) if wanted.compare else None
    _report(front, run, before)
    if path:
        front.out.line(("saved: ", "dim"), f"{run.id}   (saxtui bench --show {run.id})")
    if wanted.export:
        await asyncio.to_thread(_write, wanted.export, run)
        front.out.line(("written: ", "dim"), wanted.export)
    answered = any(one.answered for one in run.measured)
    return int(ExitCode.DONE if answered or not any(one.samples for one in run.measured) else ExitCode.REFUSED)


def _report(front: Front, run: BenchRun, before: BenchRun | None) -> None:
    out = front.out
    shown = words.columns(run.measured)
    rows = [words.row(one) for one in run.measured]
    out.table(tuple(words.COLUMNS[i] for i in shown), [tuple(row.cells[i] for i in shown) for row in rows])
    for one in run.measured:
        if said := words.errors(one):
            out.line(("errors: ", "warn"), f"{one.load.title}: {said}")
    for one in run.measured:
        if len(one.answered) > 1:
            out.line(("latency, ", "head"), (one.load.title, "head"))
            for line in words.histogram_lines(one, 72, rows=8, plain=not out.style.unicode):
                out.line(line)
            for line in words.series_lines(one, 72, plain=not out.style.unicode):
                out.line(line)
    for note in run.notes:
        out.line(("note: ", "dim"), note)
    compared = compare(before, run) if before else ()
    for line in words.comparison(compared):
        out.line((f"against {before.id if before else ''}: ", "dim"), line)
    for one in run.measured:
        _record(front, one)
    for row in compared:
        out.record("compared", against=before.id if before else "", load=row.title, p50=row.p50, p99=row.p99,
                   per_second=row.per_second, errors=row.errors)  # fmt: skip
    out.record("bench", id=run.id, target=run.target, model=run.model, server=run.server, began=run.began,
               speed=run.speed, prompts=run.prompts, notes=run.notes)  # fmt: skip


def _record(front: Front, one: Measured) -> None:
    def spread(found: Any) -> Any:
        return {name: getattr(found, name) for name in found.__slots__} if found else None

    front.out.record(
        "measured", load=one.load.title, concurrency=0 if one.load.rate else one.load.concurrency,
        rate=one.load.rate, seconds=one.seconds, stopped=one.stopped, answers=len(one.answered), errors=one.errors,
        latency=spread(one.latency), first=spread(one.first), queued=spread(one.queued),
        per_second=one.per_second, tokens_per_second=one.tokens_per_second, tokens_counted=one.counted,
    )  # fmt: skip


def _look_back(front: Front, show: str, earlier: str, export: str) -> int:
    runs = front.runtime().bench_runs()
    if not show:
        for name in runs.names():
            front.out.line(name)
            front.out.record("bench-run", id=name)
        return int(ExitCode.DONE)
    run = _read(runs.load(show), show)
    front.out.line(words.heading(run))
    _report(front, run, _read(runs.load(earlier), earlier) if earlier else None)
    if export:
        _write(export, run)
    return int(ExitCode.DONE)


def _read(data: Any, named: str) -> BenchRun:
    try:
        return from_data(data)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageProblem(Problem("read the run", safe(named), f"is no saved run: {safe(error)}")) from None


def _write(named: str, run: BenchRun) -> None:
    path = Path(named)
    try:
        path.write_text(_WRITERS[path.suffix.lower()](run), encoding="utf-8")
    except OSError as error:
        raise Refused(Problem("write", safe(named), safe(error.strerror or error), "choose another file")) from None


def _prompts(prompt: str, file: str, count: int) -> tuple[str, ...]:
    if prompt and file:
        raise click.UsageError("--prompt and --prompts exclude each other")
    if prompt:
        return (prompt,)
    return _of_file(Path(file)) if file else generated(32, count)


def _of_file(path: Path) -> tuple[str, ...]:
    try:
        if path.stat().st_size > _LARGEST_PROMPTS:
            raise UsageProblem(Problem("read", safe(path), "is larger than 16 MiB"))
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(Problem("read prompts from", safe(path), safe(error))) from None
    found: list[Any] = text.splitlines()
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise UsageProblem(Problem("read prompts from", safe(path), f"is no JSON list: {safe(error)}")) from None
    prompts = tuple(line for line in found if isinstance(line, str) and line.strip())
    if not prompts or len(prompts) < len([line for line in found if line != ""]):
        raise UsageProblem(Problem("read prompts from", safe(path), "must hold a text a line, or a JSON list of texts"))
    return prompts
