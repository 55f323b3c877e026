"""Two operators on two machines, and a journal that is damaged or lost: nothing is made twice and nothing forgotten."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.stories.robot import EmbeddedCloud, Operator, wait_until


def another(operator: Operator, cloud: EmbeddedCloud, folder: Path) -> Operator:
    """Somebody else with the same deployment file and a state directory of their own."""
    folder.mkdir()
    return Operator(folder, {**operator.env, "SAXTUI_STATE": str(folder / "state")})


def leases(cloud: EmbeddedCloud) -> list[str]:
    """The paths of writes to the lease."""
    uploads = [row for row in cloud.mutations() if "upload" in row["path"]]
    return [row["path"] for row in uploads]


def test_the_second_operator_is_told_who_works(cloud: EmbeddedCloud, operator: Operator, tmp_path: Path) -> None:
    before = cloud.resources()
    name = operator.deployment()
    second = another(operator, cloud, tmp_path / "other-desk")
    shutil.copy(operator.folder / name, second.folder / name)
    first = operator.start("up", "-d", name, "--yes", "--json")
    wait_until(lambda: leases(cloud), "the lease in the bucket")
    first.kill()
    first.communicate()

    sent = len(cloud.mutations())
    for arguments in (("up",), ("up", "--take-over"), ("down",)):
        answer = second.saxtui(*arguments, "-d", name, "--yes")
        answer.refused(1, "works on it", f"process {first.pid}", "wait until it is done")
    assert len(cloud.mutations()) == sent, "the second operator sent nothing"
    assert second.saxtui("status", "-d", name).code in (0, 4)

    operator.saxtui("down", "-d", name, "--yes", "--json").ok()
    assert cloud.resources() == before
    assert second.saxtui("down", "-d", name, "--yes").code == 0


@pytest.mark.long
def test_a_damaged_and_then_a_lost_journal(cloud: EmbeddedCloud, operator: Operator) -> None:
    before = cloud.resources()
    name = operator.deployment()
    operator.saxtui("up", "-d", name, "--yes", "--json").ok()
    (journal,) = (Path(operator.env["SAXTUI_STATE"]) / "journals").glob("????????.sqlite3")
    with sqlite3.connect(journal) as db:
        db.execute("UPDATE events SET record = record || ' ' WHERE seq = 9")
    db.close()

    sent = len(cloud.mutations())
    for command in ("up", "down"):
        operator.saxtui(command, "-d", name, "--yes").refused(1, "record 9", "saxtui recover")
    assert "record 9" in operator.saxtui("status", "-d", name).err

    operator.saxtui("recover", "-d", name, "--json").ok()
    assert list(journal.parent.glob("*.damaged-1.sqlite3"))
    shutil.rmtree(journal.parent)
    rows = operator.saxtui("recover", "-d", name, "--json").ok().of_type("recovered")
    assert {row["ownership"] for row in rows} == {"owned"}
    assert len(cloud.mutations()) == sent, "recovering changes nothing"
    operator.saxtui("up", "-d", name, "--yes", "--json").ok()
    assert len(cloud.mutations()) == sent, "everything is known again: up has nothing to do"
    operator.saxtui("down", "-d", name, "--yes", "--json").ok()
    assert cloud.resources() == before
