"""The saved deployments of this user: YAML files under the state folder, and their journals."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saxtui.adapters.disk.private import make_private_dir, refuse, write_private
from saxtui.errors import Problem, UsageProblem
from saxtui.model.text import safe

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment
    from saxtui.ports import Journal, SavedReceipt

_LARGEST_FILE = 1_048_576


class DiskLibrary:
    """Fulfils ports.Library. `state` is the state folder; nothing is created before the first save."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.deployments = state / "deployments"
        self.journals = state / "journals"
        self.receipts = state / "receipts"
        self.draft = state / "setup-draft.json"

    def names(self) -> list[str]:
        """The saved deployments, last changed first."""
        try:
            found = [(path.stat().st_mtime, path.stem) for path in self.deployments.glob("*.yaml")]
        except OSError as error:
            raise refuse("list", self.deployments, error) from error
        return [name for _, name in sorted(found, key=lambda item: (-item[0], item[1]))]

    def path(self, name_or_path: str) -> Path:
        """Where that deployment is: a path as given, a saved name, or a file of that name here."""
        given = Path(name_or_path).expanduser()
        if "/" in name_or_path or given.suffix in {".yaml", ".yml"}:
            return given
        return self.deployments / f"{name_or_path}.yaml"

    def load(self, name_or_path: str) -> Deployment:
        """The Deployment. Raises UsageProblem that names file, line and field."""
        from saxtui.model.deployment_file import parse

        path = self.path(name_or_path)
        return parse(self._read(path, name_or_path), str(path))

    def save(self, deployment: Any, path: str = "") -> str:
        """Write it atomically with mode 0600 (under its name in the library by default); returns the path."""
        from saxtui.model.deployment_file import render

        target = Path(path).expanduser() if path else self.deployments / f"{deployment.name}.yaml"
        try:
            if not path:
                make_private_dir(target.parent)
            write_private(target, render(deployment))
        except OSError as error:
            raise refuse("save", target, error) from error
        return str(target)

    def keep(self, deployment: Deployment, source: str) -> str:
        """Keep a copy of what was loaded from `source`, so that Home and its name find it later; returns the path.

        A copy kept earlier is refreshed, whatever name it had. When another deployment is saved under the name, this
        one is NAME-ID. What is saved already is left as it is. Raises Refused.
        """
        given = self.path(source)
        if given.parent.absolute() == self.deployments.absolute():
            return str(given)
        saved = {name: self._id_of(name) for name in self.names()}
        name = deployment.name
        if saved.get(name, deployment.id) != deployment.id:
            name = f"{name}-{deployment.id}"
        kept = self.save(_anywhere(deployment), str(self._made() / f"{name}.yaml"))
        for other, identity in saved.items():
            if identity == deployment.id and other != name:
                self.remove(other)
        return kept

    def _made(self) -> Path:
        try:
            make_private_dir(self.deployments)
        except OSError as error:
            raise refuse("save", self.deployments, error) from error
        return self.deployments

    def _id_of(self, name: str) -> str:
        """The id of a saved deployment, "" when its file cannot be understood."""
        try:
            return self.load(name).id
        except UsageProblem:
            return ""

    def remove(self, name: str) -> None:
        """Forget a saved deployment; its journal stays. Harmless when there is none."""
        try:
            (self.deployments / f"{name}.yaml").unlink(missing_ok=True)
        except OSError as error:
            raise refuse("remove", self.deployments / f"{name}.yaml", error) from error

    def open_journal(self, deployment: Any, *, write: bool = True) -> AbstractAsyncContextManager[Journal]:
        """The journal; with `write` under an exclusive lock. Raises Refused naming the holder when it is held."""
        return self._open_journal(deployment.id, deployment.name, write)

    def save_receipt(self, deployment: Any, at: float, text: str, body: dict[str, Any]) -> SavedReceipt:
        """Keep a teardown's receipt as receipts/NAME-ID-TIME.txt and .json; `at` in epoch seconds. Raises Refused."""
        from saxtui.adapters.disk import receipts

        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        return receipts.save(self.receipts, f"{deployment.name}-{deployment.id}-{moment}", text, body)

    def last_receipt(self, deployment: Any) -> SavedReceipt | None:
        """The newest receipt of the deployment. Raises Refused when it cannot be read."""
        from saxtui.adapters.disk import receipts

        return receipts.last(self.receipts, deployment.id)

    def forget(self, name: str) -> None:
        """Take its file away. Raises Refused."""
        path = self.deployments / f"{name}.yaml"
        try:
            path.unlink()
        except OSError as error:
            raise refuse("forget", path, error) from error

    def read_draft(self) -> str:
        """The setup that was broken off, or ""; what is no text of ours is as good as none. Raises Refused."""
        try:
            with self.draft.open("rb") as handle:
                return handle.read(_LARGEST_FILE).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise refuse("read", self.draft, error) from error

    def write_draft(self, text: str) -> None:
        """Keep it with mode 0600; "" takes it away. Raises Refused."""
        try:
            if text:
                make_private_dir(self.state)
                write_private(self.draft, text)
            else:
                self.draft.unlink(missing_ok=True)
        except OSError as error:
            raise refuse("save", self.draft, error) from error

    def repair_journal(self, deployment: Any) -> tuple[str, ...]:
        """Set a damaged journal aside and begin a new one from the best copy; a line for each thing done. Blocking.

        Raises Refused when another saxtui holds it, or the disk does not allow it.
        """
        from saxtui.adapters.disk.repair import repair

        return repair(self.journals / f"{deployment.id}.sqlite3", f"deployment {deployment.name}")

    @asynccontextmanager
    async def _open_journal(self, identity: str, name: str, write: bool) -> AsyncIterator[Journal]:
        from saxtui.adapters.disk.journal import open_journal

        path = self.journals / f"{identity}.sqlite3"
        async with open_journal(path, f"deployment {name}", write=write) as journal:
            yield journal

    def _read(self, path: Path, asked: str) -> str:
        try:
            with path.open("rb") as handle:
                data = handle.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise self._unreadable(path, asked, error) from error
        if len(data) > _LARGEST_FILE:
            raise UsageProblem(
                Problem(tried="read", target=safe(path), said="is larger than 1 MiB: not a deployment file")
            )
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            said = f"is not UTF-8 text (byte {error.start})"
            raise UsageProblem(
                Problem(tried="read", target=safe(path), said=said, next_step="save the file as UTF-8")
            ) from error

    def _unreadable(self, path: Path, asked: str, error: OSError) -> UsageProblem:
        missing = isinstance(error, FileNotFoundError)
        known = ", ".join(self.names()[:8]) if missing else ""
        saved = f"saved deployments: {known}; or " if known else ""
        return UsageProblem(
            Problem(
                tried="read deployment",
                target=safe(asked),
                said="no such file or saved deployment" if missing else safe(error.strerror or error),
                next_step=f"{saved}make one: saxtui init --preset tutorial --project PROJECT -o FILE.yaml"
                if missing
                else "name a readable file",
                where=safe(path),
            )
        )


def _anywhere(deployment: Deployment) -> Deployment:
    """The same, with a manifest file named so that it is found from every folder."""
    named = deployment.jobset.manifest
    if not named or "://" in named or Path(named).is_absolute():
        return deployment
    jobset = deployment.jobset.model_copy(update={"manifest": str(Path(named).absolute())})
    return deployment.model_copy(update={"jobset": jobset})
