"""Options that several commands share, spelt once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from saxtui.cli.front import Front

F = TypeVar("F", bound=Callable[..., Any])


def _set_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    front = ctx.find_object(Front)
    if front is not None and value:
        front.out.as_json = True


def json_option(command: F) -> F:
    """--json: one record a line on stdout, prose on stderr."""
    return click.option(
        "--json", is_flag=True, expose_value=False, is_eager=True, callback=_set_json,
        help="One JSON record a line on stdout; prose goes to stderr.",
    )(command)  # fmt: skip


def deployment_option(command: F) -> F:
    """-d FILE|NAME: may be left out when exactly one deployment is saved."""
    return click.option(
        "-d", "--deployment", "named", metavar="FILE|NAME",
        help="A deployment file or a saved name; may be left out when exactly one is saved.",
    )(command)  # fmt: skip


def yes_option(command: F) -> F:
    """--yes: answer the question beforehand."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)


def take_over_option(command: F) -> F:
    """--take-over: go on where another operator's lease ran out."""
    return click.option(
        "--take-over", is_flag=True, help="Take over from another operator whose saxtui died: its lease has run out.",
    )(command)  # fmt: skip


def no_question_option(command: F) -> F:
    """--yes where nothing is asked: accepted, so that a script may pass it to every command."""
    return click.option("--yes", "-y", is_flag=True, expose_value=False, hidden=True)(command)


def model_option(command: F) -> F:
    """--model: another model than the deployment's own."""
    return click.option("--model", default="", metavar="/sax/CELL/NAME", help="Default: the deployment's model.")(
        command
    )


def wait_options(command: F) -> F:
    """--wait and --timeout for what takes minutes to load."""
    command = click.option(
        "--timeout", default=1800.0, show_default=True, type=click.FloatRange(min=1),
        help="With --wait: seconds to wait at most.",
    )(command)  # fmt: skip
    return click.option("--wait", is_flag=True, help="Wait until every replica is proved loaded.")(command)
