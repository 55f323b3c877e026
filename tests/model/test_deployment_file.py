"""Deployment files: there and back, and every fault named with its line."""

from __future__ import annotations

import pytest

from saxtui.errors import UsageProblem
from saxtui.model import deployment_file
from saxtui.model.presets import preset

TEXT = deployment_file.render(preset("tutorial", "demo-project", deployment_id="abc234"))


def refused(text: str) -> UsageProblem:
    with pytest.raises(UsageProblem) as caught:
        deployment_file.parse(text, "x.yaml")
    assert caught.value.problem.target == "x.yaml"
    return caught.value


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_there_and_back() -> None:
    wanted = preset("smoke", "demo-project", name="x", deployment_id="abc234")
    assert deployment_file.parse(deployment_file.render(wanted)) == wanted


def test_an_illegal_value_is_named_with_its_line() -> None:
    text = TEXT.replace("topology: 4x8", "topology: 3x3")
    found = refused(text).problem
    assert found.said.startswith(f"line {line_of(text, 'slices:')}: slices: '3x3' is not a v5e topology")
    assert found.where == f"x.yaml:{line_of(text, 'slices:')}"


def test_a_nested_field_is_named_with_its_line() -> None:
    text = TEXT.replace("cpu_nodes: 4", "cpu_nodes: many")
    line = line_of(text, "  cpu_nodes")
    assert refused(text).problem.said.startswith(f"line {line}: cluster.cpu_nodes:")


def test_an_unknown_field_is_named_with_its_line() -> None:
    text = TEXT + "bogus: 1\n"
    assert refused(text).problem.said == f"line {len(text.splitlines())}: bogus: there is no such field"


def test_missing_fields_are_all_told() -> None:
    found = refused("name: x\n").problem
    everything = " ".join((found.said, *found.details))
    for field in ("bucket", "id", "project"):
        assert f"{field}: is missing" in everything


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "line 1: not YAML"),
        ("a: &x 1\nb: *x\n", "line 2: YAML aliases are not allowed"),
        ("", "a deployment file holds fields"),
        ("- 1\n", "a deployment file holds fields"),
        ("a: !!python/object:os.system {}\n", "not YAML"),
        ("x" * 300_000, "not a deployment file"),
        ("[" * 5000, "line 1: nested more than 20 deep"),
        ("a:\n" + "".join(f"{' ' * n}b:\n" for n in range(1, 500)), "line 21: nested more than 20 deep"),
        ("a: 2020-99-99\n", "not YAML"),
    ],
)
def test_what_is_no_deployment(text: str, said: str) -> None:
    assert said in refused(text).problem.said


def test_hostile_text_is_made_harmless() -> None:
    assert "\x1b" not in str(refused(TEXT.replace("name: spmd-175b", 'name: "\\e]0;x\\a"')))
