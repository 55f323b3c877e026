"""Saved deployments: names, paths, and errors that name file, line and field."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from saxtui.adapters.disk.library import DiskLibrary
from saxtui.adapters.disk.packaged import location, text
from saxtui.errors import Refused, UsageProblem
from saxtui.model.deployment import Deployment


def deployment(name: str = "demo") -> Deployment:
    return Deployment(id="abcdef", name=name, project="demo-project", bucket="demo-project-gke-bucket")


def test_save_then_load_by_name_and_by_path(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path / "state")
    assert library.names() == []
    saved = library.save(deployment())
    assert saved == str(tmp_path / "state" / "deployments" / "demo.yaml")
    assert library.names() == ["demo"]
    assert library.load("demo") == deployment() == library.load(saved)
    assert os.stat(saved).st_mode & 0o777 == 0o600
    assert os.stat(Path(saved).parent).st_mode & 0o777 == 0o700


def test_save_replaces_whole_and_leaves_no_other_file(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path)
    target = tmp_path / "mine.yaml"
    library.save(deployment(), str(target))
    library.save(deployment("other"), str(target))
    assert library.load(str(target)).name == "other"
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.yaml"]


def test_remove_forgets_the_file(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path)
    library.save(deployment())
    library.remove("demo")
    library.remove("demo")
    assert library.names() == []


def test_unknown_name_lists_what_there_is(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path)
    library.save(deployment())
    with pytest.raises(UsageProblem) as caught:
        library.load("nothing")
    assert "nothing" in caught.value.problem.target
    assert "demo" in caught.value.problem.next_step


def test_wrong_field_is_named_with_file_and_line(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path)
    path = tmp_path / "bad.yaml"
    library.save(deployment(), str(path))
    lines = path.read_text().splitlines()
    number = next(index for index, line in enumerate(lines) if line.strip().startswith("topology:"))
    lines[number] = lines[number].replace("4x8", "5x7")
    path.write_text("\n".join(lines))
    with pytest.raises(UsageProblem) as caught:
        library.load(str(path))
    shown = caught.value.problem.one_line() + caught.value.problem.where
    assert str(path) in shown
    assert "5x7" in shown
    assert "slices" in shown


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", b"a: [1", b"- just\n- a list\n", b"", b"x" * 1_100_000])
def test_garbage_is_a_usage_problem(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageProblem) as caught:
        DiskLibrary(tmp_path).load(str(path))
    assert "bad.yaml" in caught.value.problem.target


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem):
        DiskLibrary(tmp_path).load(str(tmp_path) + "/")


def test_state_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused) as caught:
        DiskLibrary(tmp_path / "file" / "state").save(deployment())
    assert caught.value.problem.next_step


def test_packaged_files_are_found_from_the_checkout() -> None:
    names = [entry.name for entry in location("manifests").iterdir()]
    assert names
    assert all(text("manifests", name) for name in names if name.endswith(".yaml"))
    with pytest.raises(FileNotFoundError):
        text("manifests", "no-such.yaml")
