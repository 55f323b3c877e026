"""What a library keeps of deployments that were brought up from files elsewhere, and who holds a journal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from saxtui.adapters.disk.journal import open_journal
from saxtui.adapters.disk.library import DiskLibrary
from saxtui.adapters.disk.lock import FileLock, holder
from saxtui.errors import Refused
from saxtui.model import events as ev
from saxtui.model.deployment import Deployment


def deployment(identity: str, name: str = "demo", zone: str = "us-west4-a") -> Deployment:
    return Deployment(id=identity, name=name, project="demo-project", bucket="demo-bucket", zone=zone)


def test_a_copy_is_kept_and_refreshed(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path / "state")
    mine = str(tmp_path / "mine.yaml")
    assert Path(library.keep(deployment("abcdef"), mine)).stem == "demo"
    assert library.load("demo") == deployment("abcdef")
    library.keep(deployment("abcdef", zone="us-west4-b"), mine)
    assert library.load("demo").zone == "us-west4-b"
    assert library.names() == ["demo"]


def test_another_deployment_of_that_name_is_kept_beside(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path / "state")
    library.save(deployment("abcdef"))
    other = deployment("ghjkmn")
    assert Path(library.keep(other, "elsewhere.yaml")).stem == "demo-ghjkmn"
    assert Path(library.keep(other, "elsewhere.yaml")).stem == "demo-ghjkmn"
    assert sorted(library.names()) == ["demo", "demo-ghjkmn"]
    assert (library.load("demo").id, library.load("demo-ghjkmn").id) == ("abcdef", "ghjkmn")


def test_a_broken_file_of_that_name_is_never_overwritten(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path / "state")
    broken = Path(library.save(deployment("abcdef")))
    broken.write_text("name: [")
    assert Path(library.keep(deployment("ghjkmn"), "elsewhere.yaml")).stem == "demo-ghjkmn"
    assert broken.read_text() == "name: ["


def test_one_id_is_one_copy_also_after_a_new_name(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path / "state")
    library.keep(deployment("abcdef", "old"), "a.yaml")
    library.keep(deployment("abcdef", "new"), "b.yaml")
    assert library.names() == ["new"]


def test_what_is_saved_already_stays_as_it_is(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path / "state")
    saved = Path(library.save(deployment("abcdef")))
    saved.write_text(f"# mine\n{saved.read_text()}")
    library.keep(library.load("demo"), "demo")
    library.keep(library.load("demo"), str(saved))
    assert saved.read_text().startswith("# mine\n")


def test_a_manifest_beside_the_file_is_found_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    library = DiskLibrary(tmp_path / "state")
    wanted = deployment("abcdef")
    named = wanted.model_copy(update={"jobset": wanted.jobset.model_copy(update={"manifest": "jobset.yaml"})})
    library.keep(named, "mine.yaml")
    assert library.load("demo").jobset.manifest == str(tmp_path / "jobset.yaml")


def test_the_holder_is_told_without_taking_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "j.lock"
    assert holder(path) is None
    assert not path.exists()
    lock = FileLock(path)
    lock.acquire("x")
    lock.tell("up-1")
    found = holder(path)
    assert found is not None and (found.pid, found.run) == (os.getpid(), "up-1")
    with pytest.raises(Refused, match=f"process {os.getpid()} since"):
        FileLock(path).acquire("x")
    lock.release()
    assert holder(path) is None


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j.lock"
    script = (
        "import sys, pathlib\nfrom saxtui.adapters.disk.lock import FileLock\n"
        "lock = FileLock(pathlib.Path(sys.argv[1]))\nlock.acquire('x')\nprint('held', flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    found = holder(path)
    assert found is not None and found.pid == process.pid
    process.kill()
    process.communicate()
    assert holder(path) is None


async def test_a_journal_names_the_run_its_writer_is_at(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    async with open_journal(path, "x", write=True) as journal:
        await journal.append(ev.RunStarted(at=1.0, run="up-1", kind="up"))
        async with open_journal(path, "x", write=False) as reader:
            found = await reader.holder()
            assert found is not None and found.run == "up-1"
            await journal.append(ev.RunFinished(at=2.0, run="up-1", kind="up", outcome="done"))
            found = await reader.holder()
            assert found is not None and found.run == ""
    async with open_journal(path, "x", write=False) as reader:
        assert await reader.holder() is None
