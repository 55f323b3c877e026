"""The Sax client library inside the HTTP server: finds the admin through the bucket, and retries for ever as it does.

Every call belongs to one process; when that process ends the call raises Gone. Nothing here has a timeout of its own,
as the real library has none: while the admin is away, calls hang.
"""

from __future__ import annotations

from typing import Any

from saxtui.emulator.sax import bucket, catalogue, cell, language, wire
from saxtui.emulator.sax.admin import Admins
from saxtui.emulator.sax.cell import SaxError
from saxtui.emulator.sax.loading import LOADED
from saxtui.emulator.sax.processes import Processes
from saxtui.emulator.sax.slices import Slices
from saxtui.emulator.waiting import Waiting

Json = dict[str, Any]
RETRY_FIRST, RETRY_MOST, RETRY_FACTOR = 0.25, 5.0, 1.5
SECONDS_A_TOKEN = 4.0 / 128
OVERHEAD = 0.15
"""Seconds of a generate apart from its tokens."""


class Gone(Exception):
    """The process that made the call is no more: its client's connection breaks."""


class SaxClient:
    """What `import sax` gives the HTTP server's program."""

    def __init__(self, processes: Processes, slices: Slices, admins: Admins, waiting: Waiting) -> None:
        self._world = processes.world
        self._processes = processes
        self._slices = slices
        self._admins = admins
        self._waiting = waiting

    async def publish(self, process: Json, model: str, path: str, checkpoint: str, replicas: int) -> None:
        """Record the model. Returns long before anything is loaded. Raises SaxError, Gone."""
        home = cell.cell_of(model)
        pause = RETRY_FIRST
        while True:
            admin = await self._admin(process, home)
            try:
                cell.publish(admin, model, path, checkpoint, replicas, self._world.hex(16))
            except SaxError as error:
                if error.code != "Unavailable":
                    raise
                pause = await self._pause(process, pause)
                continue
            keeper = self._processes.get(admin["run"])
            if keeper is not None:
                self._processes.go(keeper, "admin.go:97", "Published with overrides: map[]")
            return

    async def unpublish(self, process: Json, model: str) -> None:
        """Forget the model. Raises SaxError, Gone."""
        cell.unpublish(await self._admin(process, cell.cell_of(model)), model)

    async def update(self, process: Json, model: str, path: str, checkpoint: str, replicas: int) -> None:
        """Change checkpoint and replicas. Raises SaxError, Gone."""
        cell.update(await self._admin(process, cell.cell_of(model)), model, path, checkpoint, replicas)

    async def listed(self, process: Json, model: str) -> Json:
        """What both HTTP servers answer to /listcell."""
        found = await self.detail(process, model)
        return {
            "model": model,
            "model_path": found["path"],
            "checkpoint": found["checkpoint"],
            "max_replicas": found["replicas"],
            "active_replicas": found["active"],
        }

    async def detail(self, process: Json, model: str) -> Json:
        """path, checkpoint, replicas and `active`: servers assigned, loaded or not. Raises SaxError, Gone."""
        found = cell.find(await self._admin(process, cell.cell_of(model)), model)
        return {**found, "active": len(found["servers"])}

    async def names(self, process: Json, home: str) -> list[str]:
        """Every published model of a cell, sorted. Raises SaxError, Gone."""
        cell.check_cell(home)
        return sorted((await self._admin(process, home))["models"])

    async def generate(
        self, process: Json, model: str, prompt: str, extra: dict[str, float] | None
    ) -> list[tuple[str, float]]:
        """(text, score) of each candidate, best first; waits until some replica is loaded. Raises SaxError, Gone."""
        found = cell.find(await self._admin(process, cell.cell_of(model)), model)
        _check_extra(found["path"], extra or {})
        pause = RETRY_FIRST
        while True:
            replica = self._replica(await self._admin(process, cell.cell_of(model)), model)
            if replica is not None:
                return await self._run(process, replica, model, found["path"], prompt, extra or {})
            pause = await self._pause(process, pause)

    # -- the way to the admin
    async def _admin(self, process: Json, home: str) -> Json:
        """The admin of that cell, waited for as long as it takes. Raises SaxError when there never was one, Gone."""
        name, root = bucket.split(process["env"].get("SAX_ROOT", ""))
        pause = RETRY_FIRST
        while True:
            trouble = bucket.problem(self._world, process, name, "storage.objects.get")
            if trouble:
                raise SaxError("PermissionDenied" if "403" in trouble else "NotFound", trouble)
            if bucket.read(self._world, name, f"{root}{home}/METADATA") is None:
                raise SaxError("FailedPrecondition", f'"gs://{name}/{root}{home}" is not a directory')
            data = bucket.read(self._world, name, f"{root}{home}/location.proto")
            if data is None:
                raise SaxError("FailedPrecondition", "no admin server has ever run")
            found = self._admins.at(wire.text(wire.decode(data), 1))
            if found is not None:
                return found
            pause = await self._pause(process, pause)

    async def _pause(self, process: Json, pause: float) -> float:
        await self._waiting.sleep(pause)
        if self._processes.get(process["run"]) is None:
            raise Gone
        return min(pause * RETRY_FACTOR, RETRY_MOST)

    # -- the way to a model server
    def _replica(self, admin: Json, model: str) -> Json | None:
        """The next loaded replica in turn: its slice's row, or None while there is none."""
        found = admin["models"].get(model)
        loaded = []
        for address in found["servers"] if found is not None else ():
            server = admin["servers"].get(address)
            primary = self._processes.get(server["run"]) if server is not None else None
            row = self._slices.find(primary["slice"]) if primary is not None else None
            if primary is None or row is None or row["members"].get("0") != primary["run"]:
                continue
            if row["models"].get(model, {}).get("state") == LOADED:
                loaded.append(row)
        turn = self._world.table("sax.turns").setdefault(model, {"next": 0})
        turn["next"] += 1
        return loaded[turn["next"] % len(loaded)] if loaded else None

    async def _run(
        self, process: Json, row: Json, model: str, path: str, prompt: str, extra: dict[str, float]
    ) -> list[tuple[str, float]]:
        """One generate on one slice, after those before it. A slice that has lost a host never answers."""
        values = {**catalogue.extra_inputs(path), **extra}
        sampling = language.Sampling(
            temperature=values["temperature"],
            top_k=int(values.get("per_example_top_k", 200)),
            top_p=values.get("per_example_top_p", 1.0),
            steps=int(values.get("per_example_max_decode_steps", catalogue.out_tokens(path))),
        )
        seed = self._world.rng.getrandbits(48)
        answers = language.candidates(prompt, sampling, seed, catalogue.samples(path))
        rng = self._world.rng
        took = (OVERHEAD + SECONDS_A_TOKEN * sampling.steps) * rng.uniform(0.95, 1.05)
        row["free_at"] = max(self._world.now, row["free_at"]) + took
        self._tell(row, model)
        epoch, until = row["epoch"], row["free_at"]
        await self._waiting.sleep(until - self._world.now)
        pause = RETRY_FIRST
        while row["broken"] and row["epoch"] == epoch and self._processes.get(row["members"].get("0", "")):
            pause = await self._pause(process, pause)
        if self._processes.get(process["run"]) is None:
            raise Gone
        if row["epoch"] != epoch or not row["members"]:
            # The connection broke with the server; the library asks again.
            return await self.generate(process, model, prompt, extra or None)
        return answers

    def _tell(self, row: Json, model: str) -> None:
        shape = "unpadded_shape InputShapeInfo(batch_size=1)"
        for member in self._slices.members(row):
            if member["index"] != 0:
                message = f"Received model_key {model} method lm.generate, {shape}"
                self._processes.python(member, "model_service_base.py:1851", message)


def _check_extra(path: str, extra: dict[str, float]) -> None:
    """Raises SaxError InvalidArgument for a key the class does not declare, or a value beyond its limit."""
    declared = catalogue.extra_inputs(path)
    for key in extra:
        if key not in declared:
            why = f"The extra_inputs key `{key}` in the RPC request is not defined in ServableModel.extra_inputs"
            raise SaxError("InvalidArgument", why)
    for key in ("per_example_max_decode_steps", "per_example_top_k"):
        value, most = extra.get(key, 0.0), declared.get(key, 0.0)
        if value > most:
            raise SaxError("InvalidArgument", f"{key} {value:g} is larger than the model's limit {most:g}")
