"""Load tests kept on disk: one JSON file each, mode 0600, the oldest dropped beyond a number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saxtui.adapters.disk import exports
from saxtui.adapters.disk.private import make_private_dir, refuse, write_private
from saxtui.errors import Problem, Refused, UsageProblem
from saxtui.model.text import safe

KEPT = 200
_LARGEST = 64 * 1024 * 1024


class BenchRuns:
    """The folder of saved runs. Every call blocks; the engine makes them in threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, run_id: str, data: str) -> str:
        """Write it and return its path. Raises Refused."""
        path = self._folder / f"{run_id}.json"
        try:
            make_private_dir(self._folder)
            write_private(path, data)
            for old in sorted(self._folder.glob("*.json"), key=lambda each: each.stat().st_mtime_ns)[:-KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise refuse("save the run in", self._folder, error) from error
        return str(path)

    def export(self, files: Mapping[str, str]) -> tuple[str, ...]:
        """Write file name -> text into exports/ beside the runs, over what was there; the paths. Raises Refused."""
        folder = self._folder.parent / "exports"
        try:
            make_private_dir(folder)
        except OSError as error:
            raise refuse("write into", folder, error) from error
        return exports.write(folder, files, force=True)

    def names(self) -> list[str]:
        """The ids of the saved runs, newest first. Raises Refused."""
        try:
            files = [(path.stat().st_mtime_ns, path.stem) for path in self._folder.glob("*.json")]
        except OSError as error:
            raise refuse("list the runs in", self._folder, error) from error
        return [name for _, name in sorted(files, reverse=True)]

    def load(self, named: str) -> Any:
        """The JSON data of a run by its id, an unambiguous beginning of it, or a file. Raises UsageProblem, Refused."""
        path = Path(named)
        if not path.is_file():
            path = self._folder / f"{self._one(named)}.json"
        try:
            if path.stat().st_size > _LARGEST:
                raise UsageProblem(Problem("read", safe(path), "is too large for a saved run"))
            return json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise refuse("read the run", path, error) from error
        except ValueError as error:
            raise Refused(Problem("read the run", safe(path), f"is no JSON: {safe(error)}")) from error

    def _one(self, named: str) -> str:
        known = self.names()
        found = [named] if named in known else [name for name in known if name.startswith(named)]
        if len(found) == 1:
            return found[0]
        said = f"fits {len(found)} runs" if found else "there is no such run"
        raise UsageProblem(
            Problem(
                "find the run", safe(named), said, next_step="saxtui bench --runs lists them", details=tuple(known[:8])
            )
        )
