"""The admin server program: writes where it is into the bucket, keeps the cell's book, and deals models to servers."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.sax import bucket, catalogue, cell, wire
from saxtui.emulator.sax.loading import FAILED, Loading
from saxtui.emulator.sax.processes import Processes
from saxtui.emulator.sax.slices import Slices

Json = dict[str, Any]
CONFIGURE, SERVE, TICK = "sax.admin.configure", "sax.admin.serve", "sax.admin.tick"
TICK_SECONDS, PRUNE_SECONDS = 10.0, 25.0


class Admins:
    """Plays sax-admin-server. Rows by run in the table "sax.admins": a cell's book and where it is kept."""

    def __init__(self, processes: Processes, slices: Slices, loading: Loading) -> None:
        self._world = processes.world
        self._processes = processes
        self._slices = slices
        self._loading = loading
        self._rows = self._world.table("sax.admins")
        processes.play("sax-admin-server", self._started, self._stopped)
        for name, handler in ((CONFIGURE, self._configure), (SERVE, self._serve), (TICK, self._tick)):
            self._world.on(name, handler)

    def at(self, address: str) -> Json | None:
        """The admin that serves there now, or None."""
        return next((row for row in self._rows.values() if row["address"] == address), None)

    def of_run(self, run: str) -> Json | None:
        """The admin that this process is, once it serves."""
        return self._rows.get(run)

    def join(self, row: Json, address: str, primary: Json) -> None:
        """A model server's Join. One that comes back before it was missed counts as the one that was there."""
        process = self._processes.get(row["run"])
        known = address in row["servers"]
        row["servers"][address] = {"run": primary["run"], "seen": self._world.now, "told": []}
        if process is None or known:
            return
        self._processes.go(process, "mgr.go:402", f"Initializing state from model server {address}")
        # After an admin's restart its servers still hold their models: they count as assigned at once.
        for model in self._models_of(primary):
            found = row["models"].get(model)
            if found is not None and len(found["servers"]) < found["replicas"]:
                found["servers"].append(address)

    # -- starting
    def _started(self, process: Json) -> None:
        self._world.after(self._world.rng.uniform(1.0, 2.5), CONFIGURE, run=process["run"])

    def _stopped(self, process: Json) -> None:
        self._rows.pop(process["run"], None)

    def _configure(self, payload: Json) -> None:
        """admin_config: creates the cell's directory and its configuration, or the container dies of it."""
        process = self._processes.get(payload["run"])
        if process is None:
            return
        name, home = process["env"].get("GSBUCKET", ""), _cell(process)
        trouble = bucket.problem(self._world, process, name)
        if trouble:
            message = f"Failed to create config for {home}: config.Create error: Post storage.googleapis.com: {trouble}"
            self._processes.go(process, "admin_config.go:98", message, "F")
            self._processes.exit(process, 1)
            return
        bucket.write(self._world, name, f"sax-root{home}/METADATA", b"")
        config = wire.encode([(1, f"gs://{name}/sax-fs-root"), (2, "")])
        bucket.write(self._world, name, f"sax-root{home}/config.proto", config)
        self._world.after(self._world.rng.uniform(1.0, 2.0), SERVE, run=payload["run"])

    def _serve(self, payload: Json) -> None:
        process = self._processes.get(payload["run"])
        if process is None:
            return
        name, home = process["env"].get("GSBUCKET", ""), _cell(process)
        port = process["env"].get("PORT", "10000")
        address = f"{process['ip']}:{port}"
        say = self._processes.go
        where = f"gs://{name}/sax-root{home}"
        say(process, "config.go:59", f'Loaded config: fs_root: "gs://{name}/sax-fs-root"')
        say(process, "addr.go:72", f'SetAddr {where}/location.proto "{address}"')
        bucket.write(self._world, name, f"sax-root{home}/location.proto", wire.encode([(1, address)]))
        bucket.write(self._world, name, f"sax-fs-root{home}/METADATA", b"")
        saved = bucket.read(self._world, name, f"sax-fs-root{home}/state.proto")
        row = {**(cell.load(saved) if saved else cell.new_cell()), "run": process["run"], "address": address}
        row.update(bucket=name, cell=home)
        self._rows[process["run"]] = row
        say(process, "mgr.go:118", f"Loaded manager state: {len(row['models'])} models")
        say(process, "mgr.go:131", "Refreshing manager state every 10s")
        say(process, "admin.go:211", f"Starting the server on port {port}")
        self._save(process, row)
        self._world.after(TICK_SECONDS, TICK, run=process["run"])

    # -- every ten seconds
    def _tick(self, payload: Json) -> None:
        process, row = self._processes.get(payload["run"]), self._rows.get(payload["run"])
        if process is None or row is None:
            return
        self._prune(process, row)
        self._unload(process, row)
        self._assign(process, row)
        row["leaving"] = []
        trouble = bucket.problem(self._world, process, row["bucket"])
        if trouble:
            self._processes.go(process, "mgr.go:540", f"Failed to save manager state: {trouble}", "F")
            self._processes.exit(process, 1)
            return
        self._save(process, row)
        self._world.after(TICK_SECONDS, TICK, run=payload["run"])

    def _save(self, process: Json, row: Json) -> None:
        bucket.write(self._world, row["bucket"], f"sax-fs-root{row['cell']}/state.proto", cell.dump(row))

    def _prune(self, process: Json, row: Json) -> None:
        """Ask every server how it is; forget those that have not answered for a while."""
        for address, server in list(row["servers"].items()):
            if self._processes.get(server["run"]) is not None:
                server["seen"] = self._world.now
                self._tell_failures(process, address, server)
                continue
            why = f"Failed to refresh model server ({address}) state: rpc error: code = Unavailable"
            self._processes.go(process, "state.go:288", why, "W")
            if self._world.now - server["seen"] > PRUNE_SECONDS:
                del row["servers"][address]
                for found in row["models"].values():
                    if address in found["servers"]:
                        found["servers"].remove(address)

    def _tell_failures(self, process: Json, address: str, server: Json) -> None:
        primary = self._processes.get(server["run"])
        for model, found in self._models_of(primary).items() if primary is not None else ():
            if found["state"] == FAILED and model not in server["told"]:
                server["told"].append(model)
                why = f"Failed to load model {model} onto server {address}: {found['error']}"
                self._processes.go(process, "state.go:341", why, "E")

    def _unload(self, process: Json, row: Json) -> None:
        """Take surplus replicas away, then unload from each server what nobody wants there."""
        for model, found in row["models"].items():
            spare = len(found["servers"]) - found["replicas"]
            # Those still loading go first.
            order = sorted(found["servers"], key=lambda address: self._state(row, address, model) == "LOADED")
            for address in order[: max(0, spare)]:
                found["servers"].remove(address)
        for address, server in row["servers"].items():
            primary = self._processes.get(server["run"])
            if primary is None:
                continue
            for model, found in list(self._models_of(primary).items()):
                if address in row["models"].get(model, {"servers": []})["servers"] or found.get("unloading"):
                    continue
                self._processes.go(process, "state.go:366", f"Unloading model {model} from server {address}")
                server["told"] = [each for each in server["told"] if each != model]
                self._loading.unload(primary["slice"], model)

    def _assign(self, process: Json, row: Json) -> None:
        for model, found in row["models"].items():
            for address, server in row["servers"].items():
                if len(found["servers"]) >= found["replicas"]:
                    break
                primary = self._processes.get(server["run"])
                if primary is None or cell.holder(row, address) or self._models_of(primary):
                    continue
                chips = self._slices.get(primary["slice"])["chips"]
                if catalogue.servable(found["path"], primary["tag"], chips):
                    found["servers"].append(address)
                    message = f"Loading model {model} onto server {address} with overrides map[]"
                    self._processes.go(process, "state.go:325", message)
                    self._loading.load(primary["slice"], model, found["path"], found["checkpoint"])

    def _state(self, row: Json, address: str, model: str) -> str:
        primary = self._processes.get(row["servers"][address]["run"]) if address in row["servers"] else None
        found = self._models_of(primary).get(model) if primary is not None else None
        return str(found["state"]) if found is not None else ""

    def _models_of(self, primary: Json) -> dict[str, Json]:
        """What the slice of that primary holds, by model."""
        row = self._slices.find(primary["slice"])
        if row is None or row["members"].get("0") != primary["run"]:
            return {}
        models: dict[str, Json] = row["models"]
        return models


def _cell(process: Json) -> str:
    """The admin's cell: the image's default changed after the last release."""
    default = "/sax/cell" if process["tag"] == "nightly" else "/sax/test"
    return str(process["env"].get("SAX_CELL") or default)
