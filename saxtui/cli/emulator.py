"""`emulator`: becomes the embedded cloud's own process, or asks a running one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

STATE = click.option("--state", metavar="DIR", type=click.Path(file_okay=False), help="The embedded cloud's folder.")


def _scenario(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A file's whole path, or a name, which the embedded cloud knows or refuses."""
    if value is None or Path(value).is_file():
        return str(Path(value).resolve()) if value else None
    if "/" in value or value.endswith((".yaml", ".yml")):
        raise click.BadParameter(f"there is no file {value!r}")
    return value


SCENARIO = click.option(
    "--scenario", metavar="NAME", callback=_scenario, help="What goes wrong: a scenario's name, or a YAML file."
)


def command(verb: str, state: str, *more: str) -> list[str]:
    """The argument vector of the embedded cloud's own program."""
    return [sys.executable, "-m", "saxtui.emulator", verb, "--state", state, *more]


def serve_options(speed: float | None, port: int | None, scenario: str | None, seed: int | None) -> list[str]:
    """Options of `serve`, only those that were given."""
    given = {"--speed": speed, "--port": port, "--seed": seed}
    words = [word for name, value in given.items() if value is not None for word in (name, f"{value:g}")]
    return [*words, *(["--scenario", scenario] if scenario else [])]


def become(arguments: list[str]) -> NoReturn:
    """Replace this process."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(arguments[0], arguments)


@click.group("emulator", invoke_without_command=True)
@STATE
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), help="Times faster than life; default 60.")
@click.option("--port", type=click.IntRange(min=0, max=65535), help="Default: any free port.")
@SCENARIO
@click.option("--seed", type=int, help="What chance begins with.")
@click.option("--json", "as_json", is_flag=True, help="Say where it serves as one JSON record.")
@click.pass_context
def emulator(
    ctx: click.Context, state: str | None, speed: float | None, port: int | None, scenario: str | None,
    seed: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Run the embedded cloud in the foreground; DIR/env.sh points gcloud, kubectl and saxtui at it."""
    if ctx.invoked_subcommand is not None:
        ctx.meta["saxtui.emulator"] = (state, as_json)
        return
    become(command("serve", _needed(state), *serve_options(speed, port, scenario, seed), *_json(as_json)))


def _needed(state: str | None) -> str:
    if not state:
        raise click.UsageError("--state DIR is needed: the embedded cloud's folder")
    return state


def _ask(verb: str, state: str | None, as_json: bool) -> NoReturn:
    before = _before()
    become(command(verb, _needed(state or before[0]), *_json(as_json or before[1])))


def _before() -> tuple[str | None, bool]:
    """What stood before the command's name: the folder, and whether --json."""
    found: tuple[str | None, bool] = click.get_current_context().meta.get("saxtui.emulator", (None, False))
    return found


def _json(wanted: bool) -> list[str]:
    return ["--json"] if wanted else []


@emulator.command("resources")
@STATE
@click.option("--json", "as_json", is_flag=True)
def resources(state: str | None, as_json: bool) -> None:
    """List every resource that exists in a running embedded cloud."""
    _ask("resources", state, as_json)


@emulator.command("requests")
@STATE
@click.option("--json", "as_json", is_flag=True)
def requests(state: str | None, as_json: bool) -> None:
    """List every request a running embedded cloud has answered."""
    _ask("requests", state, as_json)


@emulator.command("play")
@STATE
@click.argument("scenario", metavar="NAME", callback=_scenario)
def play(state: str | None, scenario: str) -> None:
    """Let a scenario (a name, or a YAML file) begin now in a running embedded cloud; its times count from here."""
    become(command("play", _needed(state or _before()[0]), scenario))
