"""The model server program: JAX start-up together with its slice, then (the primary alone) joining the cell."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.sax import bucket, catalogue, wire
from saxtui.emulator.sax.admin import Admins
from saxtui.emulator.sax.processes import Processes, flag
from saxtui.emulator.sax.slices import FORMED, Slices

Json = dict[str, Any]
CATALOGUE, RUNNER, POLL, WARM = "sax.server.catalogue", "sax.server.runner", "sax.server.poll", "sax.server.warm"
POLL_SECONDS, WARM_SECONDS = 5.0, 120.0
CHIPS = {"tpuv2": 2, "tpuv3": 3, "tpuv4": 4, "tpuv4i": 5, "tpuv5e": 15, "cpu": 1}
"""Numbers of the chip types that the server writes next to their names; unknown ones are 0."""


class ModelServers:
    """Plays sax-model-server."""

    def __init__(self, processes: Processes, slices: Slices, admins: Admins) -> None:
        self._world = processes.world
        self._processes = processes
        self._slices = slices
        self._admins = admins
        processes.play("sax-model-server", self._started, slices.stopped)
        for name, handler in (
            (FORMED, self._formed),
            (CATALOGUE, self._catalogue),
            (RUNNER, self._runner),
            (POLL, self._poll),
            (WARM, self._warm),
        ):
            self._world.on(name, handler)

    def _started(self, process: Json) -> None:
        message = "Unable to initialize backend 'cuda': Unable to load CUDA. Is it installed?"
        self._processes.python(process, "xla_bridge.py:455", message)
        self._slices.started(process)

    def _formed(self, payload: Json) -> None:
        """All hosts have found each other: JAX can tell its devices."""
        row = self._slices.alive(payload["slice"], payload["epoch"])
        if row is None:
            return
        devices = ", ".join(_device(number, row) for number in range(row["chips"]))
        for process in self._slices.members(row):
            platform = flag(process, "platform_chip", "cpu")
            topology = flag(process, "platform_topology", "1")
            for message in (
                f"JAX process: {process['index']} / {row['size']}",
                f"JAX devices: [{devices}]",
                f"jax.device_count(): {row['chips']}",
                f"jax.local_device_count(): {row['host_chips']}",
                f"jax.process_count(): {row['size']}",
                f"Sax cell {flag(process, 'sax_cell', 'None')}",
                "Admin port None",
                f"Platform chip {platform}, {CHIPS.get(platform.lower(), 0)}",
                f"Platform topology {topology}, {22 if topology == '1' else 0}",
            ):
                self._processes.python(process, "model_service_main.py:204", message)
            wait = self._world.rng.uniform(6.0, 10.0)
            self._world.after(wait, CATALOGUE, run=process["run"], **payload)

    def _catalogue(self, payload: Json) -> None:
        """One line a class: servable on exactly this many chips, or skipped."""
        row = self._slices.alive(payload["slice"], payload["epoch"])
        process = self._processes.get(payload["run"])
        if row is None or process is None:
            return
        for model in catalogue.offered(process["tag"]):
            if row["chips"] in model.chips:
                self._processes.python(process, "model_service_main.py:245", f"Servable model {model.path}")
                continue
            shape = f"[1, 1, {model.chips[0]}]"
            why = f"Unsupported mesh shape: {shape} with {row['chips']} devices"
            message = f"Skipping unsupported model {model.path}, {why}"
            self._processes.python(process, "model_service_main.py:238", message)
        self._world.after(self._world.rng.uniform(14.0, 20.0), RUNNER, **payload)

    def _runner(self, payload: Json) -> None:
        row = self._slices.alive(payload["slice"], payload["epoch"])
        process = self._processes.get(payload["run"])
        if row is None or process is None:
            return
        primary = process["index"] == 0
        say = self._processes.python
        say(process, "model_service_base.py:1502", f"Starting runner {process['index']}.")
        if not primary:
            say(process, "model_service_base.py:1748", "Secondary worker loop. Primary process: 0")
            self._world.after(WARM_SECONDS, WARM, **payload)
            return
        for member in self._slices.members(row)[1:]:
            say(process, "multi_host_sync.py:118", f"Connecting to {member['ip']}:{_port(process)}")
        say(process, "multi_host_sync.py:131", "Connected to all secondary hosts")
        cell = flag(process, "sax_cell")
        if cell:
            say(process, "model_service_base.py:1611", f"Started joining SAX cell {cell}")
            process["joined"], process["join_problem"], process["join_patience"] = "", "", 0.0
            self._world.after(self._world.rng.uniform(8.0, 16.0), POLL, run=process["run"])

    def _poll(self, payload: Json) -> None:
        """Every few seconds: is the admin where it was? If not, join it where it is now."""
        process = self._processes.get(payload["run"])
        if process is None:
            return
        self._join(process)
        self._world.after(POLL_SECONDS, POLL, run=payload["run"])

    def _join(self, process: Json) -> None:
        address = f"{process['ip']}:{_port(process)}"
        root, cell = process["env"].get("SAX_ROOT", ""), flag(process, "sax_cell")
        name, path = bucket.split(root)
        trouble = bucket.problem(self._world, process, name, "storage.objects.get")
        data = None if trouble else bucket.read(self._world, name, f"{path}{cell}/location.proto")
        if data is None:
            missing = f"open {root}{cell}/location.proto: storage: object doesn't exist"
            self._complain(process, "location.go:144", f"ParseAddr error: {trouble or missing}")
            return
        location = wire.text(wire.decode(data), 1)
        if location == process["joined"]:
            return
        admin = self._admins.at(location)
        if admin is None:
            why = f'rpc error: code = Unavailable desc = connection error: desc = "dial tcp {location}: connect: '
            self._complain(process, "location.go:187", f'Failed to join {cell}: {why}connection refused"')
            return
        self._processes.go(process, "location.go:161", "Calling Join due to address update")
        self._admins.join(admin, address, process)
        process["joined"], process["join_problem"] = location, ""
        self._processes.go(process, "location.go:176", f"Joined {location}")

    def _complain(self, process: Json, where: str, message: str) -> None:
        """Log a problem at once, and again ever less often while it lasts."""
        if message == process["join_problem"] and self._world.now < process["join_patience"]:
            return
        again = 20.0 if message != process["join_problem"] else 60.0
        process["join_problem"], process["join_patience"] = message, self._world.now + again
        process["joined"] = ""
        self._processes.go(process, where, message, "E")

    def _warm(self, payload: Json) -> None:
        """The primary keeps idle devices warm; secondaries tell of it."""
        row = self._slices.alive(payload["slice"], payload["epoch"])
        process = self._processes.get(payload["run"])
        if row is None or process is None:
            return
        if not row["busy"]:
            self._processes.python(process, "model_service_base.py:1762", "Received keep_devices_warm")
        self._world.after(WARM_SECONDS, WARM, **payload)


def _port(process: Json) -> str:
    return flag(process, "port", "10001")


def _device(number: int, row: Json) -> str:
    per_host = row["host_chips"]
    x, y = number % per_host, number // per_host
    return f"TpuDevice(id={number}, process_index={number // per_host}, coords=({x},{y},0), core_on_chip=0)"
