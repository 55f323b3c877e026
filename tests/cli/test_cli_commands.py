"""Commands up to where they would send something: files, names, options, exit codes, and what goes to which stream."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from saxtui.cli.main import run
from saxtui.errors import ExitCode

INIT = ("init", "--project", "demo-project")


class Cli:
    """Runs commands in this process; `out`, `err` and `records` are of the last one."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.opened: list[Mapping[str, str]] = []

    def __call__(self, *arguments: str) -> int:
        code = run(arguments, os.environ, self._console)
        self.out, self.err = self._capsys.readouterr()
        return code

    def _console(self, environ: Mapping[str, str]) -> int:
        self.opened.append(environ)
        return 0

    @property
    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.mark.parametrize(("preset", "name"), [("tutorial", "spmd-175b"), ("smoke", "smoke")])
def test_init_writes_a_file_that_loads_again(cli: Cli, tmp_path: Path, preset: str, name: str) -> None:
    from saxtui.model.deployment_file import parse

    path = tmp_path / "mine.yaml"
    assert cli(*INIT, "--preset", preset, "-o", str(path)) == 0
    assert str(path) in cli.out
    assert parse(path.read_text()).name == name


def test_init_saves_under_its_name_and_takes_region_from_zone(cli: Cli) -> None:
    assert cli(*INIT, "--name", "mine", "--zone", "us-east5-b", "--json") == 0
    (record,) = cli.records
    assert (record["type"], record["name"], record["region"]) == ("deployment", "mine", "us-east5")
    assert Path(str(record["path"])).is_relative_to(os.environ["SAXTUI_STATE"])


def test_init_never_overwrites_unasked(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    assert cli(*INIT, "-o", str(path)) == ExitCode.REFUSED
    assert path.read_text() == "precious"
    assert "--force" in cli.err and cli.out == ""
    assert cli(*INIT, "-o", str(path), "--force") == 0
    assert path.read_text() != "precious"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--project", "Bad!"), "'Bad!' is no project"),
        (("--project", "demo-project", "--name", "-x"), "'-x' is no name"),
        (("--project", "demo-project", "--region", "us-west4", "--zone", "us-east1-a"), "is not in region"),
        (("--preset", "nope"), "nope"),
        ((), "--project"),
    ],
)
def test_init_with_a_wrong_option_is_usage(cli: Cli, tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    path = tmp_path / "mine.yaml"
    assert cli("init", *options, "-o", str(path)) == ExitCode.USAGE
    assert said in cli.err and "Traceback" not in cli.err
    assert not path.exists()


def test_project_comes_from_the_environment(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_CORE_PROJECT", "other-project")
    assert cli("init", "--json") == 0
    assert cli.records[0]["project"] == "other-project"


@pytest.mark.parametrize(
    "command", ["plan", "up", "status", "pods", "models", "publish", "unpublish", "down", "receipt", "doctor"]
)
def test_every_command_names_a_missing_deployment(cli: Cli, command: str) -> None:
    assert cli(command, "-d", "nope") == ExitCode.USAGE
    assert "nope" in cli.err and "saxtui init" in cli.err and cli.out == ""


def test_without_d_the_only_saved_one_is_meant(cli: Cli) -> None:
    assert cli("plan") == ExitCode.USAGE
    assert "none is saved" in cli.err
    cli(*INIT, "--name", "one")
    cli(*INIT, "--name", "two")
    assert cli("plan") == ExitCode.USAGE
    assert "2 are saved" in cli.err and "one" in cli.err and "two" in cli.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("topology: 4x8", "topology: 3x3"), "'3x3' is not a v5e topology"),
        (("topology: 4x8", "topology: 4x4"), "needs a slice of 32 chips"),
        (("name: spmd-175b", "name: [1"), "line"),
        (("zone: us-west4-a", "zone: us-west4-a\nbogus: 1"), "bogus"),
    ],
)
def test_a_broken_file_is_one_clear_error(cli: Cli, tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "mine.yaml"
    cli(*INIT, "-o", str(path))
    path.write_text(path.read_text().replace(*change))
    assert cli("up", "-d", str(path), "--yes", "--json") == ExitCode.USAGE
    assert said in cli.err and str(path) in cli.err and "Traceback" not in cli.err
    (record,) = cli.records
    assert (record["type"], record["exit_code"]) == ("error", 2)
    assert not (Path(os.environ["SAXTUI_STATE"]) / "journals").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("bogus",),
        ("plan", "--bogus"),
        ("demo", "--speed", "0"),
        ("demo", "--scenario", "/nowhere/x.yaml"),
        ("logs", "-d", "x", "pod", "--primaries"),
        ("logs", "-d", "x", "--slice", "-1"),
        ("generate", "-d", "x", ""),
        ("emulator",),
        ("emulator", "--state", "x", "--port", "70000"),
        ("emulator", "resources"),
        (),
    ],
)
def test_usage_errors_are_2_and_on_stderr(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli(*arguments) == ExitCode.USAGE
    assert cli.err.startswith("usage error: ") and cli.out == ""


def test_usage_errors_are_records_with_json(cli: Cli) -> None:
    assert cli("plan", "--json", "--bogus") == ExitCode.USAGE
    assert [record["type"] for record in cli.records] == ["error"]


def test_help_and_version(cli: Cli) -> None:
    assert cli("--help") == 0
    for name in ("init", "plan", "up", "status", "pods", "logs", "publish", "models", "generate", "unpublish", "down"):
        assert f"\n  {name} " in cli.out
    assert "4 something in doubt" in cli.out.replace("\n ", "")
    assert cli("--version") == 0


@pytest.mark.parametrize(
    ("arguments", "becomes"),
    [
        (("--state", "D", "--speed", "120", "--seed", "7"), ["serve", "--state", "D", "--speed", "120", "--seed", "7"]),
        (("--state", "D", "--port", "0"), ["serve", "--state", "D", "--port", "0"]),
        (("resources", "--state", "D", "--json"), ["resources", "--state", "D", "--json"]),
        (("--state", "D", "requests"), ["requests", "--state", "D"]),
        (("--state", "D", "--json"), ["serve", "--state", "D", "--json"]),
        (("--state", "D", "--json", "requests"), ["requests", "--state", "D", "--json"]),
    ],
)
def test_emulator_becomes_the_embedded_clouds_own_program(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], becomes: list[str]
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, argv: seen.append([path, *argv]))
    cli("emulator", *arguments)
    assert seen == [[sys.executable, sys.executable, "-m", "saxtui.emulator", *becomes]]


def test_the_command_line_imports_neither_screens_nor_clients() -> None:

    script = (
        "import sys\nfrom saxtui.cli.main import run, saxtui\nimport click\n"
        "ctx = click.Context(saxtui)\n"
        "[saxtui.get_command(ctx, name) for name in saxtui.list_commands(ctx)]\n"
        "heavy = {'textual', 'google', 'kubernetes', 'httpx', 'aiohttp', 'requests', 'pydantic', 'yaml', 'rich'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))\n"
        "rooms = ('saxtui.console', 'saxtui.emulator', 'saxtui.adapters')\n"
        "print(sorted(name for name in sys.modules if name.startswith(rooms)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_demo_on_a_terminal_opens_the_console_on_its_own_cloud(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert cli("demo", "--speed", "600") == 0
    (environ,) = cli.opened
    assert environ["CLOUDSDK_CORE_PROJECT"] == "demo-project"
    assert environ["SAXTUI_STATE"].startswith(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_closed_standard_streams_are_no_crash() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m saxtui <&- >&- 2>&-', sys.executable], check=False, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")
