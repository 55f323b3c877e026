"""The `saxtui` command: its list of commands, and the one place where failures become exit codes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

import click

from saxtui import __version__
from saxtui.cli.front import Console, Front
from saxtui.cli.interrupts import Interrupted
from saxtui.cli.output import OutputClosed
from saxtui.errors import ExitCode, Problem, SaxtuiError

_WHERE = {
    "init": "setup", "plan": "setup", "doctor": "setup", "export": "export", "schema": "export",
    "attach": "attaching",
    "up": "runs", "pause": "pausing", "resume": "pausing", "extend": "pausing", "down": "runs", "receipt": "receipts",
    "status": "watching", "pods": "watching", "logs": "logs", "why": "causes", "mend": "causes", "events": "causes",
    "publish": "serving", "update": "serving", "models": "serving",
    "generate": "serving", "unpublish": "serving", "bench": "bench",
    "chat": "chat",
    "recover": "recovering", "demo": "demo", "emulator": "emulator",
}  # fmt: skip


class _Commands(click.Group):
    """Imports a command's module when it is used, so that `--help` and `emulator` start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_WHERE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _WHERE:
            return None
        module = importlib.import_module(f"saxtui.cli.{_WHERE[cmd_name]}")
        found: click.Command = getattr(module, cmd_name)
        return found


@click.group(
    cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 refused before anything changed, 2 usage, 3 failed or stopped with resources that "
    "may bill, 4 something in doubt, 5 the model is still loading, 6 not in time.",
)  # fmt: skip
@click.version_option(__version__, prog_name="saxtui")
@click.pass_context
def saxtui(ctx: click.Context) -> int:
    """Serve large language models on TPU slices with Saxml on GKE. Without a command: the console."""
    if ctx.invoked_subcommand is None:
        raise click.UsageError("the console needs a terminal; without one, name a command (saxtui --help)")
    return 0


def run(arguments: Sequence[str], environ: Mapping[str, str], console: Console) -> int:
    """Run one command; returns the documented exit code and never raises for a failure.

    `console` opens the console with the environment it is given and returns its exit code.
    """
    front = Front(environ, console)
    front.out.as_json = "--json" in arguments and "emulator" not in arguments[:1]
    try:
        return _run(front, list(arguments))
    except OutputClosed:
        return int(ExitCode.DONE)
    except SaxtuiError as error:
        return front.failed(error.problem, error.exit_code)
    except (Interrupted, KeyboardInterrupt, click.Abort):
        return front.interrupted()
    except Exception as error:
        code = front.diagnostics.crash(error)
        problem = Problem(tried="run", target="saxtui", said=type(error).__name__, reason="fault in saxtui")
        front.out.failure(problem, int(code))
        return int(code)


def _run(front: Front, arguments: list[str]) -> int:
    try:
        code = saxtui.main(arguments, prog_name="saxtui", standalone_mode=False, obj=front)
    except click.UsageError as error:
        said = error.format_message()
        hint = f"see: {error.ctx.command_path} --help" if error.ctx else "see: saxtui --help"
        front.diagnostics.usage(said, hint)
        problem = Problem(tried="read", target="the command line", said=said, next_step=hint)
        front.out.failure(problem, int(ExitCode.USAGE))
        return int(ExitCode.USAGE)
    except click.ClickException as error:
        front.diagnostics.usage(error.format_message())
        return int(ExitCode.USAGE)
    return code if isinstance(code, int) else int(ExitCode.DONE)
