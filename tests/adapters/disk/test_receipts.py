"""Receipts on disk: private, never overwritten, and verified when they are read."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from saxtui.adapters.disk.library import DiskLibrary
from saxtui.errors import Refused
from saxtui.model import events as ev
from saxtui.model import receipt
from saxtui.model.deployment import Deployment

WANTED = Deployment(id="abcdef", name="demo", project="demo-project", bucket="demo-bucket")
GONE = ev.Gone(at=9.0, run="d", step="bucket", kind="bucket", resource="b", proof="absent twice")


def save(library: DiskLibrary, at: float) -> tuple[Path, Path]:
    found = receipt.of(WANTED, [GONE])
    saved = library.save_receipt(WANTED, at, found.text(), found.body())
    return Path(saved.path), Path(saved.json_path)


def test_two_files_for_their_owner_only(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path / "state")
    assert library.last_receipt(WANTED) is None
    text, data = save(library, 86_400.0)
    assert text == tmp_path / "state" / "receipts" / "demo-abcdef-19700102T000000Z.txt"
    assert [os.stat(path).st_mode & 0o777 for path in (text, data, text.parent)] == [0o600, 0o600, 0o700]
    record = json.loads(data.read_text())
    canonical = json.dumps(record["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert record["sha256"] == hashlib.sha256(canonical).hexdigest()
    assert record["sha256"] in text.read_text()


def test_the_last_one_is_found_and_none_is_overwritten(tmp_path: Path) -> None:
    library = DiskLibrary(tmp_path)
    first, second = save(library, 5.0)[0], save(library, 5.0)[0]
    assert first != second
    os.utime(second.with_suffix(".json"), (2e9, 2e9))
    found = library.last_receipt(WANTED)
    assert found is not None and found.intact and found.path == str(second)


@pytest.mark.parametrize("change", ["text", "body", "torn"])
def test_a_changed_receipt_is_not_intact(tmp_path: Path, change: str) -> None:
    library = DiskLibrary(tmp_path)
    text, data = save(library, 5.0)
    if change == "text":
        text.write_text("all is well")
    else:
        data.write_text(data.read_text().replace("absent twice", "absent") if change == "body" else '{"body":')
    found = library.last_receipt(WANTED)
    assert found is not None and not found.intact


def test_no_place_for_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "receipts").write_text("in the way")
    with pytest.raises(Refused, match="receipt"):
        save(DiskLibrary(tmp_path), 5.0)
