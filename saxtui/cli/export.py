"""`export` and `schema`: the plan for other tools, and the deployment file's schema for editors. Nothing is sent."""

from __future__ import annotations

import click

from saxtui.cli.front import Front, only_name
from saxtui.cli.options import deployment_option, json_option
from saxtui.errors import ExitCode


@click.command("export")
@deployment_option
@click.option("--as", "kind", type=click.Choice(["bash", "terraform", "runbook"]), default="bash", show_default=True)
@click.option("--lang", "language", type=click.Choice(["en", "zh-TW"]), default="en", show_default=True)
@click.option("-o", "--output", "folder", default="", metavar="DIR", help="Default: the main file, on standard output.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@json_option
@click.pass_obj
def export(front: Front, named: str | None, kind: str, language: str, folder: str, force: bool) -> int:
    """Write the plan as a bash script, Terraform or a runbook. Nothing is sent anywhere."""
    if language != "en" and kind != "runbook":
        raise click.UsageError("--lang is for --as runbook")
    runtime = front.runtime()
    deployment = runtime.library.load(named or only_name(runtime.library))
    files = runtime.export(kind, deployment, language)
    if not folder:
        main = next(iter(files))
        front.out.record("export", kind=kind, file=main, text=files[main])
        if not front.out.as_json:
            front.out.line(files[main].rstrip("\n"))
        if len(files) > 1:
            front.diagnostics.note(f"{len(files) - 1} more files belong to it: write all of them with -o DIR")
        return int(ExitCode.DONE)
    for path in runtime.write_export(folder, files, force=force):
        front.out.record("export", kind=kind, path=path)
        front.out.line(f"wrote {path}")
    return int(ExitCode.DONE)


@click.command("schema")
@click.pass_obj
def schema(front: Front) -> int:
    """Print the JSON Schema of deployment files, for editors."""
    from saxtui.model.deployment_file import schema_text

    front.out.as_json = False
    front.out.line(schema_text().rstrip("\n"))
    return int(ExitCode.DONE)
