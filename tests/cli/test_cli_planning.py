"""Planning from the command line without a cloud: presets, exports, the schema, and one's own catalogue values."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from saxtui.catalog import overrides, prices
from saxtui.cli.main import run
from saxtui.errors import ExitCode
from saxtui.model.deployment import Deployment
from saxtui.model.deployment_file import parse, schema_text

ROOT = Path(__file__).parents[2]


class Cli:
    """Runs commands in this process; `out` and `err` are of the last one."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> int:
        code = run(arguments, os.environ, lambda _: 0)
        self.out, self.err = self._capsys.readouterr()
        return code


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    yield Cli(capsys)
    overrides.use("")


@pytest.fixture
def file(cli: Cli, tmp_path: Path) -> str:
    path = tmp_path / "mine.yaml"
    assert cli("init", "--project", "demo-project", "-o", str(path)) == 0
    return str(path)


def test_init_explains_every_field_in_a_comment(file: str) -> None:
    lines = Path(file).read_text().splitlines()
    for number, line in enumerate(lines):
        if ":" in line and not line.lstrip().startswith(("#", "-")):
            assert lines[number - 1].lstrip().startswith("# "), f"no comment over {line!r}"
    assert parse(Path(file).read_text()).name == "spmd-175b"


def test_every_field_of_the_schema_is_described() -> None:
    schema = Deployment.model_json_schema()
    for part in (schema, *(item for item in schema["$defs"].values() if item["type"] == "object")):
        for name, field in part["properties"].items():
            assert field.get("description"), name


def test_the_published_schema_is_current(cli: Cli) -> None:
    """To renew it: saxtui schema > docs/deployment.schema.json"""
    assert cli("schema") == 0
    published = (ROOT / "docs" / "deployment.schema.json").read_text()
    assert cli.out == schema_text() == published
    assert set(json.loads(published)["required"]) == {"id", "name", "project", "bucket"}


def test_presets_are_listed_and_one_for_a_class_is_made(cli: Cli, tmp_path: Path) -> None:
    assert cli("init", "--presets") == 0
    listed = cli.out.split()
    assert listed[:3] == ["tutorial", "tutorial-exact", "smoke"]
    assert "class:LmCloudSpmd2B16Test" in listed
    path = tmp_path / "c.yaml"
    preset = ("--project", "demo-project", "--preset", "class:LmCloudSpmd2B16Test")
    assert cli("init", *preset, "-o", str(path)) == 0
    made = parse(path.read_text())
    assert (made.slices.topology, made.slices.count, made.name) == ("4x4", 1, "lmcloudspmd2b16test")


@pytest.mark.parametrize(
    ("preset", "said"), [("class:Nope", "no class 'Nope'"), ("class:LLaMA7BFP16TPUv5e", "--checkpoint"), ("x", "'x'")]
)
def test_a_preset_that_cannot_be_is_a_usage_error(cli: Cli, tmp_path: Path, preset: str, said: str) -> None:
    path = tmp_path / "c.yaml"
    assert cli("init", "--project", "demo-project", "--preset", preset, "-o", str(path)) == ExitCode.USAGE
    assert said in cli.err
    assert not path.exists()


def test_export_prints_the_script_or_writes_files(cli: Cli, file: str, tmp_path: Path) -> None:
    assert cli("export", "-d", file) == 0
    assert cli.out.startswith("#!/usr/bin/env bash\n")
    folder = tmp_path / "out"
    assert cli("export", "-d", file, "--as", "terraform", "-o", str(folder)) == 0
    assert (folder / "main.tf").exists() and (folder / "manifests" / "sax-http.yaml").exists()
    assert stat.S_IMODE((folder / "main.tf").stat().st_mode) == 0o600
    assert cli("export", "-d", file, "--as", "runbook", "--lang", "zh-TW", "-o", str(tmp_path / "zh"), "--json") == 0
    paths = [json.loads(line)["path"] for line in cli.out.splitlines()]
    assert str(tmp_path / "zh" / "RUNBOOK.zh-TW.md") in paths


def test_export_never_overwrites_unasked(cli: Cli, file: str, tmp_path: Path) -> None:
    (tmp_path / "spmd-175b.sh").write_text("precious")
    assert cli("export", "-d", file, "-o", str(tmp_path)) == ExitCode.REFUSED
    assert (tmp_path / "spmd-175b.sh").read_text() == "precious"
    assert cli("export", "-d", file, "-o", str(tmp_path), "--force") == 0
    assert (tmp_path / "spmd-175b.sh").read_text().startswith("#!")
    assert cli("export", "-d", file, "--lang", "zh-TW") == ExitCode.USAGE


def test_own_catalogue_values_reach_the_plan(cli: Cli, file: str) -> None:
    own = Path(os.environ["SAXTUI_STATE"]) / overrides.FILE
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("prices:\n  - {what: v5e, zone: us-west4-a, usd_per_hour: 0.5, source: contract, date: 2026-11}\n")
    assert cli("export", "-d", file) == 0
    assert "$32.00/h" in cli.out and "2026-11" in cli.out
    own.write_text("prices: [{what: v5e}]")
    assert cli("export", "-d", file) == ExitCode.USAGE
    assert "prices[1].source" in cli.err and str(own) in cli.err
    own.unlink()
    assert cli("export", "-d", file) == 0
    assert "$76.80/h" in cli.out
    assert prices.node_hour("e2-standard-4", "us-west4-a") is None


def test_plan_takes_a_file_once(cli: Cli, file: str) -> None:
    assert cli("plan", "-f", file, "-d", file) == ExitCode.USAGE
    assert "-f and -d" in cli.err


def test_each_risk_of_tutorial_exact_is_named_where_consent_is_asked() -> None:
    from saxtui.cli.runs import _up_question
    from saxtui.engine.runs import planning
    from saxtui.model.presets import preset

    def manifest(name: str) -> str:
        return (ROOT / "manifests" / name).read_text()

    plan = planning.plan(preset("tutorial-exact", "demo-project"), {}, manifest)
    asked = "\n".join("".join(piece if isinstance(piece, str) else piece[0] for piece in line)
                      for line in _up_question(plan))  # fmt: skip
    for word in ("PUBLIC", "PROJECT-WIDE", "in EACH zone"):
        assert asked.count(word) == 1
    assert "demo-project" in asked.splitlines()[-1]
