"""`receipt`: what the last teardown proved, read back from disk."""

from __future__ import annotations

import click

from saxtui.cli import render
from saxtui.cli.front import Front, label, only_name
from saxtui.cli.options import deployment_option, json_option
from saxtui.errors import ExitCode, InDoubt, Problem, Refused


@click.command("receipt")
@deployment_option
@json_option
@click.pass_obj
def receipt(front: Front, named: str | None) -> int:
    """Show the receipt of the last teardown. Only reads files."""
    runtime = front.runtime()
    deployment = runtime.library.load(named or only_name(runtime.library))
    saved = runtime.library.last_receipt(deployment)
    given = label(named, deployment)
    if saved is None:
        problem = Problem(
            tried="show the receipt of",
            target=deployment.name,
            said="nothing of it was taken down yet",
            next_step=f"saxtui down -d {given}",
        )
        raise Refused(problem)
    if not saved.intact:
        problem = Problem(
            tried="verify the receipt",
            target=saved.json_path,
            said="the file was changed since it was written: its SHA-256 is another",
            next_step=f"the journal still knows everything: saxtui down -d {given}   writes a new one",
            may_bill=None,
        )
        raise InDoubt(problem)
    if not front.out.as_json:
        front.out.line(saved.text.rstrip())
    for row in saved.body["resources"]:
        front.out.record("receipt", **row)
    render.receipt_file(front.out, saved)
    return int(ExitCode.DONE)
