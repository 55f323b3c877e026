"""`init`, `plan` and `doctor`: what leads up to a run and changes nothing in the cloud."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from saxtui.cli import render
from saxtui.cli.front import Front
from saxtui.cli.options import deployment_option, json_option
from saxtui.errors import CallError, ExitCode, Problem, Refused, UsageProblem
from saxtui.model.text import safe

if TYPE_CHECKING:
    from pydantic import ValidationError

    from saxtui.engine.session import Session
    from saxtui.model.checks import CheckRow
    from saxtui.model.deployment import Deployment

_RULES = {
    "project": "6 to 30 lower-case letters, digits and hyphens, a letter first",
    "name": "1 to 40 lower-case letters, digits and hyphens, a letter first",
    "region": "as in us-west4",
    "zone": "as in us-west4-a",
}
"""What the options take, said better than by their patterns."""


@click.command("init")
@click.option(
    "--preset",
    default="tutorial",
    show_default=True,
    metavar="tutorial|tutorial-exact|smoke|class:NAME",
    help="class:NAME is one slice for that Sax model class; `init --presets` lists all.",
)
@click.option("--presets", "listing", is_flag=True, help="List the presets and write nothing.")
@click.option("--checkpoint", default="", metavar="gs://...", help="For a class that needs one.")
@click.option("--project", default="", help="Default: CLOUDSDK_CORE_PROJECT or GOOGLE_CLOUD_PROJECT.")
@click.option("--name", default="", help="Default: the preset's name.")
@click.option("--region", default="")
@click.option("--zone", default="")
@click.option("-o", "--output", "path", default="", metavar="FILE", help="Default: save it under its name.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@json_option
@click.pass_obj
def init(
    front: Front,
    preset: str,
    listing: bool,
    checkpoint: str,
    project: str,
    name: str,
    region: str,
    zone: str,
    path: str,
    force: bool,
) -> int:
    """Write a deployment file: commented YAML, every field with what it is. Nothing is sent anywhere."""
    if listing:
        return _list_presets(front)
    _check_preset(preset)
    runtime = front.runtime()
    project = project or runtime.surroundings.default_project
    if not project:
        raise click.UsageError("no project: pass --project, or set CLOUDSDK_CORE_PROJECT")
    deployment = make(preset, project=project, name=name, region=region, zone=zone, checkpoint=checkpoint)
    taken = Path(path).exists() if path else deployment.name in runtime.library.names()
    if taken and not force:
        raise Refused(
            Problem(
                tried="write",
                target=safe(path or deployment.name),
                said="exists already",
                next_step="choose another name, or pass --force to overwrite it",
            )
        )
    written = runtime.library.save(deployment, path)
    named = path or deployment.name
    front.out.record(
        "deployment", path=written, name=deployment.name, id=deployment.id, project=deployment.project,
        region=deployment.region, zone=deployment.zone, bucket=deployment.bucket,
    )  # fmt: skip
    front.out.line(f"wrote {written}: {deployment.name} ({preset}) in {deployment.project} / {deployment.zone}")
    front.out.line(("next: ", "dim"), f"saxtui plan -d {named}   then   saxtui up -d {named}")
    return int(ExitCode.DONE)


def _check_preset(preset: str) -> None:
    from saxtui.model import presets

    if preset not in presets.NAMES and not preset.startswith(presets.CLASS):
        known = f"{', '.join(presets.NAMES)}, {presets.CLASS}NAME"
        raise click.UsageError(f"--preset: {safe(preset)!r} is none of {known}; list them: saxtui init --presets")


def _list_presets(front: Front) -> int:
    from saxtui.model import presets

    for name in presets.names():
        front.out.record("preset", name=name)
        front.out.line(name)
    return int(ExitCode.DONE)


def make(
    preset: str, *, project: str, name: str = "", region: str = "", zone: str = "", checkpoint: str = ""
) -> Deployment:
    """A preset's Deployment. Raises UsageProblem naming the option that is wrong."""
    from pydantic import ValidationError

    from saxtui.model import presets

    try:
        return presets.preset(preset, project=project, name=name, region=region, zone=zone, checkpoint=checkpoint)
    except ValidationError as error:
        raise UsageProblem(_wrong_options(error)) from None
    except ValueError as error:
        raise UsageProblem(
            Problem("make", f"preset {safe(preset)}", safe(error), "list the presets: saxtui init --presets")
        ) from None


def _wrong_options(error: ValidationError) -> Problem:
    found = [
        (str(e["loc"][0]) if e["loc"] else "", e["msg"].removeprefix("Value error, "), e["input"])
        for e in error.errors()
    ]
    named = [entry for entry in found if entry[0] in _RULES] or found
    said = [f"{given!r} is no {field}: {_RULES[field]}" if field in _RULES else text for field, text, given in named]
    return Problem(
        tried="make a deployment with",
        target=", ".join(f"--{field}" for field, _, _ in named if field) or "these options",
        said=safe("; ".join(said)),
        next_step="correct the option named",
    )


@click.command("plan")
@deployment_option
@click.option("-f", "--file", "path", metavar="FILE", help="A deployment file; the same as -d FILE.")
@click.option("--graph", is_flag=True, help="Draw the steps with what each waits for.")
@json_option
@click.pass_obj
def plan(front: Front, named: str | None, path: str | None, graph: bool) -> int:
    """Show what `up` would do, how long it takes and what it costs. Only reads.

    Exits 1 when a check says that `up` would be refused.
    """
    if path and named:
        raise click.UsageError("-f and -d both name a deployment; pass one of them")

    async def work(session: Session) -> int:
        if session.deployment.attached:
            await session.plan()  # refuses, and the checks would only say that everything is somebody else's
        checks = asyncio.ensure_future(session.checks())
        try:
            found = await session.plan()
        except CallError as error:
            if not _show_checks(front, await checks):
                raise
            return int(error.exit_code)  # what was refused follows from what the checks have just told
        render.plan(front.out, found)
        if graph:
            render.graph(front.out, found)
        return int(ExitCode.REFUSED if _show_checks(front, await checks) else ExitCode.DONE)

    return front.with_session(path or named, work)


def _show_checks(front: Front, rows: Sequence[CheckRow]) -> tuple[Problem, ...]:
    """Every check as a line, and every problem as a block; the problems."""
    render.checks(front.out, rows)
    found = tuple(dict.fromkeys(problem for row in rows for problem in row.problems))
    for problem in found:
        front.diagnostics.problem(problem)
        front.out.record("problem", **dataclasses.asdict(problem))
    return found


@click.command("doctor")
@deployment_option
@click.option("--project", default="", help="Without a deployment: the project to look at, for the tutorial's shape.")
@json_option
@click.pass_obj
def doctor(front: Front, named: str | None, project: str) -> int:
    """Check credentials, APIs, permissions, zone and quota, with the command that mends each. Only reads.

    With no deployment saved or named it looks whether the tutorial's shape could be made in the project.
    """
    if named and project:
        raise click.UsageError("-d names a deployment, which has its project; pass one of them")
    runtime = front.runtime()
    made = None
    if project or not (named or runtime.library.names()):
        project = project or runtime.surroundings.default_project
        if not project:
            raise click.UsageError("no deployment and no project: pass -d or --project, or set CLOUDSDK_CORE_PROJECT")
        made = make("tutorial", project=project)

    async def work(session: Session) -> int:
        if session.deployment.attached:
            from saxtui.cli.attaching import audit

            audit(front, await session.audit())
            return int(ExitCode.DONE)
        found = _show_checks(front, await session.checks())
        front.out.record("doctor", deployment=session.deployment.name, problems=len(found))
        if found:
            front.out.line(f"{len(found)} problem" + ("s" if len(found) > 1 else ""))
            return int(ExitCode.REFUSED)
        front.out.line(("all checks passed", "ok"), f" for {session.deployment.name} in {session.deployment.project}")
        return int(ExitCode.DONE)

    return front.with_session(named, work, made=made)
