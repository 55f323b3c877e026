"""The plan for other tools: it parses there, says what the plan says, and lets no value become a command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from saxtui.catalog import sax_models, tpus
from saxtui.engine import export
from saxtui.engine.export import languages
from saxtui.engine.runs import manifests, planning
from saxtui.model.deployment import Deployment
from saxtui.model.presets import names, preset
from tests.engine.export.hcl import Reader
from tests.engine.harness import manifest, tutorial

CHINESE = re.compile(r"[\u4e00-\u9fff]")
VARIANTS: list[dict[str, Any]] = [
    {},
    {"exposure": "external", "source_ranges": ["203.0.113.0/24"]},
    {"exposure": "internal", "namespace": "serving", "identity": {"role_scope": "project"}},
    {"cluster": {"adopt": True}, "slices": {"spot": True}},
    {"cluster": {"every_zone": True, "version": "1.32", "network": "projects/p/global/networks/n"}},
    {"slices": {"reservation": "res1"}},
    {
        "cluster": {"private_nodes": True, "release_channel": "stable"},
        "adopt_bucket": True,
        "extra_labels": {"team": "nlp"},
    },
    {"slices": {"flex_start": True}, "ttl": "8h"},
    {"slices": {"topology": "2x2", "count": 7}, "model": {"path": "my.own.Class"}},
    {"slices": {"generation": "tpu7x", "topology": "2x2x2", "placement_policy": "wp"}, "model": {"path": "own.Class"}},
]


def files(kind: str, wanted: Deployment, language: str = "en") -> dict[str, str]:
    return export.files(kind, planning.plan(wanted, {}, manifest), wanted, manifest, language)


def bash(script: str, *flags: str) -> str:
    done = subprocess.run(["bash", *flags], input=script, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@needs_bash
@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_bash_reads_the_script(changes: dict[str, Any]) -> None:
    (script,) = files("bash", tutorial(**changes)).values()
    assert bash(script, "-n") == ""


@needs_bash
@pytest.mark.parametrize("kind", names())
def test_bash_reads_the_script_of_every_preset(kind: str) -> None:
    (script,) = files("bash", preset(kind, "demo-project", checkpoint="gs://b/checkpoint_00000000")).values()
    assert bash(script, "-n") == ""


@needs_bash
def test_the_scripts_manifests_are_the_ones_up_applies() -> None:
    wanted = tutorial()
    (script,) = files("bash", wanted).values()
    said = re.findall(r"<<'YAML'\n(.*?)YAML\n", script, re.DOTALL)
    objects = [item for text in said for item in yaml.safe_load_all(text)]
    assert objects == [
        manifests.service_account(wanted, manifest),
        manifests.admin_server(wanted, manifest),
        manifests.model_servers(wanted, manifest),
        *manifests.http_server(wanted, manifest),
    ]


@pytest.mark.parametrize(
    "field",
    [
        {"slices": {"reservation": "x; rm -rf /"}},
        {"slices": {"pool_prefix": "$(id)"}},
        {"cluster": {"network": "a && id"}},
        {"cluster": {"cpu_machine_type": "`id`"}},
        {"cluster": {"version": "1.32 --quiet"}},
        {"cluster": {"subnetwork": "a\nid"}},
    ],
)
def test_what_could_become_a_command_is_no_legal_value(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tutorial(**field)


@needs_bash
def test_a_free_text_value_stays_text(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    hostile = f"https://example.com/$(touch {mark})'; touch {mark}; '"
    wanted = tutorial(jobset={"manifest": hostile}, images={"http": f"x:$(touch {mark})"})
    (script,) = files("bash", wanted).values()
    definitions = script.replace("\n  up) up ;;", "\n  up) : ;;")
    bash(definitions)
    assert not mark.exists()
    line = next(line for line in script.splitlines() if line.startswith("  source="))
    said = bash(f'unset SAXTUI_JOBSET_MANIFEST\n{line}\nprintf %s "$source"')
    assert said == hostile
    assert not mark.exists()


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_terraform_parses_as_hcl_and_says_what_the_plan_says(changes: dict[str, Any]) -> None:
    wanted = tutorial(**changes)
    found = files("terraform", wanted)
    blocks = {tuple(labels): dict_of(body) for labels, body in Reader(found["main.tf"]).file()}
    if wanted.adopt_bucket:
        assert ("resource", "google_storage_bucket", "sax") not in blocks
        assert "google_storage_bucket.sax" not in found["main.tf"]
    else:
        assert blocks["resource", "google_storage_bucket", "sax"]["name"] == wanted.bucket
    pools = blocks["resource", "google_container_node_pool", "slices"]
    shape = wanted.slices.shape
    assert pools["for_each"] == ("toset", [list(wanted.slices.pools)])
    assert pools["node_config"]["machine_type"] == shape.machine_type
    assert ("placement_policy" in pools) is shape.multi_host
    if not wanted.slices.flex_start:
        assert pools["node_count"] == str(shape.hosts)
    assert (("resource", "google_container_cluster", "sax") in blocks) is not wanted.cluster.adopt
    project_wide = wanted.identity.role_scope == "project"
    assert (("resource", "google_project_iam_member", "storage") in blocks) is project_wide
    for name, text in found.items():
        if name.startswith("manifests/"):
            assert all(item["metadata"]["labels"]["saxtui-deployment"] for item in yaml.safe_load_all(text))


def dict_of(body: Any) -> dict[str, Any]:
    return {
        labels[0]: dict_of(value) if isinstance(value, list) and is_body(value) else value for labels, value in body
    }


def is_body(value: list[Any]) -> bool:
    return all(isinstance(item, tuple) and isinstance(item[0], list) for item in value)


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_terraform_itself_reads_it_and_would_format_it_so(changes: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(files("terraform", tutorial(**changes))["main.tf"])
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-no-color", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "TF_CLI_CONFIG_FILE": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_time_to_live_is_in_every_export() -> None:
    wanted = tutorial(ttl="8h")
    (script,) = files("bash", wanted).values()
    creations = [line for line in script.splitlines() if " create " in line and "--labels=" in line]
    assert "UNTIL=$(( $(date +%s) + 28800 ))" in script
    told = [line for line in creations if 'saxtui-until="$UNTIL"' in line]
    assert [" clusters create " in line or " node-pools create " in line for line in told] == [True] * 3
    assert "saxtui-until" not in "".join(line for line in creations if line not in told)
    main = files("terraform", wanted)["main.tf"]
    assert 'variable "until"' in main and len(re.findall(r'"saxtui-until" +?= var.until', main)) == 3
    for language in ("en", "zh-TW"):
        assert "saxtui-until" in next(iter(files("runbook", wanted, language).values()))
    assert "saxtui-until" not in "".join(
        (*files("bash", tutorial()).values(), *files("terraform", tutorial()).values())
    )


def provider_folder() -> Path | None:
    """Where terraform finds Google's provider without a network, if anybody put it there."""
    home = Path.home() / ".terraform.d" / "plugins"
    places = [home, Path("/usr/local/share/terraform/plugins"), Path("/usr/share/terraform/plugins")]
    named = os.environ.get("TF_PLUGIN_CACHE_DIR")
    places += [Path(named)] if named else []
    return next((path for path in places if (path / "registry.terraform.io/hashicorp/google").is_dir()), None)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@pytest.mark.skipif(provider_folder() is None, reason="no copy of hashicorp/google on this machine")
@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_terraform_and_its_provider_find_it_valid(changes: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(files("terraform", tutorial(**changes))["main.tf"])
    environ = {**os.environ, "TF_CLI_CONFIG_FILE": ""}
    for words in (["init", "-backend=false", f"-plugin-dir={provider_folder()}"], ["validate"]):
        done = subprocess.run(
            ["terraform", f"-chdir={tmp_path}", *words, "-no-color"],
            capture_output=True, text=True, timeout=60, check=False, env=environ,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_hcl_that_is_broken_does_not_parse() -> None:
    good = files("terraform", tutorial())["main.tf"]
    for bad in (
        good + "}",
        good.replace("{", "", 1),
        good.replace("= true", "= = true"),
        good.replace('"sax"', '"sax', 1),
    ):
        with pytest.raises(ValueError):
            Reader(bad).file()


@pytest.mark.parametrize(("language", "name"), [("en", "RUNBOOK.md"), ("zh-TW", "RUNBOOK.zh-TW.md")])
@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_the_runbook_has_every_step_with_its_command(language: str, name: str, changes: dict[str, Any]) -> None:
    wanted = tutorial(**changes)
    plan = planning.plan(wanted, {}, manifest)
    found = export.files("runbook", plan, wanted, manifest, language)
    text = found[name]
    for step in plan.steps:
        if step.action != "check":
            assert step.resource in text
    assert text.count("```") % 2 == 0
    assert "{" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL), "a sentence was not filled in"
    assert bool(CHINESE.search(text)) is (language == "zh-TW")
    assert plan.digest in text
    for mentioned in re.findall(r"manifests/[\w.-]+\.yaml", text):
        assert mentioned in found


def test_the_runbook_says_what_is_risky() -> None:
    for language, word in (("en", "RISK"), ("zh-TW", "風險")):
        exact = preset("tutorial-exact", "demo-project")
        (text, *_) = files("runbook", exact, language).values()
        assert text.count(f"**{word}") == 3
        (text, *_) = files("runbook", tutorial(), language).values()
        assert word not in text


def test_both_languages_have_every_sentence() -> None:
    english, chinese = languages.words("en"), languages.words("zh-TW")
    for name in english.__slots__:
        one, other = getattr(english, name), getattr(chinese, name)
        assert type(one) is type(other) and len(one) > 0
        if isinstance(one, str):
            assert set(re.findall(r"{(\w+)", one)) == set(re.findall(r"{(\w+)", other)), name
            assert CHINESE.search(other), name
        elif isinstance(one, dict):
            assert one.keys() == other.keys()
        else:
            assert len(one) == len(other)
    with pytest.raises(KeyError):
        files("runbook", tutorial(), "fr")


def test_publication_names_the_deployments_model() -> None:
    (script,) = files("bash", tutorial(model={"replicas": 1})).values()
    body = json.loads(re.search(r"/publish\" --data '(.*)'", script)[1])  # type: ignore[index]
    assert body["replicas"] == 1
    assert body["model_path"].endswith("LmCloudSpmd175B32Test")


@pytest.mark.parametrize("generation", tpus.generations())
def test_every_generation_can_be_written_out(generation: str) -> None:
    shape = next(item for item in tpus.topologies(generation) if item.multi_host)
    wanted = tutorial(slices={"generation": generation, "topology": shape.topology}, model={"path": "own.Class"})
    assert sax_models.find("own.Class") is None
    (script,) = files("bash", wanted).values()
    assert f"--machine-type={shape.machine_type}" in script
    assert f"cloud.google.com/gke-tpu-accelerator: {shape.accelerator_label}" in script
