"""saxutil, the command-line tool in the admin server's image, for `kubectl exec`: ls, publish, update and unpublish.

Prints as google/saxml's client/cli does.
"""

from __future__ import annotations

from typing import Any

from saxtui.emulator.kubernetes.streams.commands import Done, Run, register_command
from saxtui.emulator.sax.cell import SaxError
from saxtui.emulator.sax.client import Gone, SaxClient
from saxtui.emulator.sax.processes import Processes

Json = dict[str, Any]
IMAGE, NAME = "sax-admin-server", "saxutil"
_TITLES = ("MODEL", "MODEL PATH", "CHECKPOINT PATH", "# OF REPLICAS", "(SELECTED) REPLICAADDRESS")
_USAGE = "Usage: saxutil [--sax_root=ROOT] <ls|publish|update|unpublish> ...\n"


class Saxutil:
    """Runs saxutil as if inside the admin's container."""

    def __init__(self, processes: Processes, client: SaxClient) -> None:
        self._processes = processes
        self._client = client
        register_command(processes.world, IMAGE, NAME, self.run)

    async def run(self, run: Run) -> Done:
        """One command line."""
        process = self._processes.of_pod(run.store.key, run.namespace, run.pod_name)
        if process is None:
            return Done(1, err="saxutil: the container is starting\n")
        root = f"gs://{process['env'].get('GSBUCKET', '')}/sax-root"
        words = []
        for word in run.words[1:]:
            name, _, value = word.lstrip("-").partition("=")
            if word.startswith("-"):
                root = value if name == "sax_root" else root
            else:
                words.append(word)
        caller = {**process, "env": {**process["env"], "SAX_ROOT": root}}
        try:
            return await self._do(caller, words)
        except SaxError as error:
            return Done(1, err=f"saxutil: {error.text}\n")
        except Gone:
            return Done(137)

    async def _do(self, process: Json, words: list[str]) -> Done:
        match words:
            case ["ls"] | ["ls", "/sax"] | ["ls", "/sax/"]:
                return Done(out=f"{process['env'].get('SAX_CELL') or '/sax/test'}\n")
            case ["ls", path] if path.rstrip("/").count("/") == 2:
                names = await self._client.names(process, path.rstrip("/"))
                return Done(out="".join(f"{name}\n" for name in names))
            case ["ls", model]:
                return Done(out=_table(model, await self._client.detail(process, model)))
            case ["publish", model, path, checkpoint, replicas, *_] if replicas.isdigit():
                await self._client.publish(process, model, path, checkpoint, int(replicas))
                return Done()
            case ["update", model, path, checkpoint, replicas] if replicas.isdigit():
                await self._client.update(process, model, path, checkpoint, int(replicas))
                return Done()
            case ["unpublish", model]:
                await self._client.unpublish(process, model)
                return Done()
        return Done(2, err=_USAGE)


def _table(model: str, found: Json) -> str:
    address = found["servers"][0] if found["servers"] else ""
    row = (model.rsplit("/", 1)[-1], found["path"], found["checkpoint"], str(found["active"]), address)
    widths = [max(len(title), len(cell)) for title, cell in zip(_TITLES, row, strict=True)]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+\n"
    head = "|" + "|".join(f" {title:^{width}} " for title, width in zip(_TITLES, widths, strict=True)) + "|\n"
    cells = [
        f" {cell:>{width}} " if cell.isdigit() else f" {cell:<{width}} "
        for cell, width in zip(row, widths, strict=True)
    ]
    return f"{rule}{head}{rule}|{'|'.join(cells)}|\n{rule}"
