"""Receipts of teardowns: a text and a JSON file each, mode 0600, never overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from saxtui.adapters.disk.private import make_private_dir, refuse, write_private
from saxtui.model.receipt import digest
from saxtui.ports import SavedReceipt


def save(folder: Path, stem: str, text: str, body: Any) -> SavedReceipt:
    """Write STEM.txt and STEM.json (`body` and its `sha256`), or STEM-2 and so on. Blocking. Raises Refused."""
    try:
        make_private_dir(folder)
        path = _free(folder, stem)
        record = {"body": body, "sha256": digest(body)}
        write_private(path, text)
        write_private(path.with_suffix(".json"), json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise refuse("save the receipt in", folder, error) from error
    return SavedReceipt(str(path), str(path.with_suffix(".json")), text, body, record["sha256"])


def last(folder: Path, identity: str) -> SavedReceipt | None:
    """The newest one of the deployment with this id. Blocking. Raises Refused when it cannot be read."""
    try:
        found = [(path.stat().st_mtime_ns, path.name, path) for path in folder.glob(f"*-{identity}-*.json")]
        if not found:
            return None
        path = max(found)[2]
        record = json.loads(path.read_text("utf-8"))
        body, said = record["body"], str(record["sha256"])
        text = path.with_suffix(".txt").read_text("utf-8")
    except OSError as error:
        raise refuse("read the receipt in", folder, error) from error
    except (ValueError, KeyError, TypeError):
        return SavedReceipt(str(path.with_suffix(".txt")), str(path), "", {}, "", intact=False)
    names = str(path.with_suffix(".txt")), str(path)
    return SavedReceipt(*names, text, body, said, intact=digest(body) == said and said in text)


def _free(folder: Path, stem: str) -> Path:
    path, number = folder / f"{stem}.txt", 1
    while path.exists() or path.with_suffix(".json").exists():
        number += 1
        path = folder / f"{stem}-{number}.txt"
    return path
