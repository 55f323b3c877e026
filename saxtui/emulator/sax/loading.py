"""Loads and unloads on a slice: one at a time, minutes long, told in every host's log, final when they fail."""

from __future__ import annotations

from typing import Any

from saxtui.catalog import sax_models
from saxtui.emulator import scenarios
from saxtui.emulator.sax import bucket, catalogue
from saxtui.emulator.sax.processes import Processes
from saxtui.emulator.sax.slices import Slices

Json = dict[str, Any]
LOADING, LOADED, FAILED, UNLOADING = "LOADING", "LOADED", "FAILED", "UNLOADING"
STAGE, FAIL, UNLOADED = "sax.load.stage", "sax.load.fail", "sax.unload.done"
UNLOAD_SECONDS = 5.0
STAGES = (0.0, 0.02, 0.24, 0.47, 0.9, 0.985, 1.0)
"""When of a load's time each group of lines is written; at the last one the model is loaded."""
FAILS_AT = 0.35
"""When of a load's time a compile that cannot fit gives up."""


class Loading:
    """The serial queue of actions of each slice (the server's own order: a queued unload waits behind a load)."""

    def __init__(self, processes: Processes, slices: Slices) -> None:
        self._world = processes.world
        self._processes = processes
        self._slices = slices
        self._world.on(STAGE, self._stage)
        self._world.on(FAIL, self._fail)
        self._world.on(UNLOADED, self._unloaded)

    def load(self, key: str, model: str, path: str, checkpoint: str) -> None:
        """Queue a load on the slice `key`; its state is LOADING from now on."""
        row = self._slices.get(key)
        row["models"][model] = {"path": path, "checkpoint": checkpoint, "state": LOADING, "error": ""}
        row["queue"].append({"action": "load", "model": model})
        self._next(key, row)

    def unload(self, key: str, model: str) -> None:
        """Queue an unload of a model that is loaded, loading or failed."""
        row = self._slices.get(key)
        row["models"][model]["unloading"] = True
        row["queue"].append({"action": "unload", "model": model})
        self._next(key, row)

    def _next(self, key: str, row: Json) -> None:
        if row["busy"] or row["broken"] or not row["queue"]:
            return
        row["busy"] = True
        action = row["queue"].pop(0)
        if action["action"] == "load":
            self._begin_load(key, row, action["model"])
        else:
            self._begin_unload(key, row, action["model"])

    def _done(self, key: str, row: Json) -> None:
        row["busy"] = False
        self._next(key, row)

    # -- loading
    def _begin_load(self, key: str, row: Json, model: str) -> None:
        found = row["models"][model]
        klass = sax_models.find(found["path"])
        rng = self._world.rng
        total = (catalogue.load_seconds(klass) if klass is not None else catalogue.LOAD_LEAST) * rng.uniform(0.85, 1.15)
        slow = scenarios.on_event(self._world, "model.load", model, "load-slow")
        total *= float(slow["factor"]) if slow else 1.0
        common = {"slice": key, "epoch": row["epoch"], "model": model, "total": total}
        error, at = self._refusal(row, model, found)
        for index in sorted(row["members"], key=int):
            for number, share in enumerate(STAGES):
                # Secondaries are done a little before the primary, which waits for them.
                lag = 0.0 if index == "0" else rng.uniform(-0.012, -0.002) * share
                if not error or share < at:
                    self._world.after(total * (share + lag) + 0.5, STAGE, **common, host=index, stage=number)
        if error:
            self._world.after(max(1.0, total * at), FAIL, **common, error=error)

    def _refusal(self, row: Json, model: str, found: Json) -> tuple[str, float]:
        """Why this load will fail and when of its time; ("", 1.0) when it will not."""
        klass = sax_models.find(found["path"])
        fault = scenarios.on_event(self._world, "model.load", model, "load-fails")
        problem = fault["problem"] if fault else ""
        if problem == "secondary":
            row["models"][model]["silent"] = str(max(map(int, row["members"])))
        if problem == "internal":
            return "INTERNAL: Core halted unexpectedly: an uncorrectable error of the chip's memory", FAILS_AT
        if problem == "hbm":
            return catalogue.exceeds(row["hbm_gb"] * catalogue.USABLE_HBM * 1.25, row["hbm_gb"]), FAILS_AT
        if klass is None or problem == "class":
            return f"Model class {found['path']} is not registered.", 0.001
        checkpoint = found["checkpoint"]
        if problem == "checkpoint":
            return f"Invalid checkpoint path {checkpoint}. Must be a directory.", 0.001
        if not klass.test_mode and not (checkpoint.startswith("gs://") and bucket.holds(self._world, checkpoint)):
            return f"Invalid checkpoint path {checkpoint}. Must be a directory.", 0.001
        return catalogue.out_of_memory(klass, row["chips"], row["hbm_gb"]), FAILS_AT

    def _stage(self, payload: Json) -> None:
        row = self._slices.alive(payload["slice"], payload["epoch"])
        process = self._processes.get(row["members"].get(payload["host"], "")) if row is not None else None
        if row is None or process is None:
            return
        model, stage = payload["model"], payload["stage"]
        if payload["host"] == row["models"][model].get("silent") and stage > 2:
            if stage == 3:
                message = f"Error occurred during loading: {model}, error: INTERNAL: Failed to allocate a buffer"
                self._processes.python(process, "model_service_base.py:1789", message, "E")
            return
        for level, where, message in _lines(row, model, stage, payload["host"] == "0", payload["total"]):
            self._processes.python(process, where, message, level)
        if payload["host"] == "0" and stage == len(STAGES) - 1:
            row["models"][model]["state"] = LOADED
            self._world.tell("model.loaded", model=model, slice=payload["slice"])
            self._done(payload["slice"], row)

    def _fail(self, payload: Json) -> None:
        row = self._slices.alive(payload["slice"], payload["epoch"])
        if row is None:
            return
        model, error = payload["model"], payload["error"]
        row["models"][model].update(state=FAILED, error=error)
        early = error.startswith(("Invalid", "Model class"))
        word = "Invalid load request." if early else "Internal error during loading."
        for process in self._slices.members(row):
            if process["index"] == 0:
                message = f"{word} model_key: {model}, error: {error}"
                self._processes.python(process, "model_service_base.py:1297", message, "E")
            else:
                message = f"Error occurred during loading: {model}, error: {error}"
                self._processes.python(process, "model_service_base.py:1789", message, "E")
        self._done(payload["slice"], row)

    # -- unloading
    def _begin_unload(self, key: str, row: Json, model: str) -> None:
        row["models"][model]["state"] = UNLOADING
        for process in self._slices.members(row):
            if process["index"] != 0:
                self._processes.python(process, "model_service_base.py:1803", f"Received unload: {model}")
        wait = UNLOAD_SECONDS * self._world.rng.uniform(0.85, 1.15)
        self._world.after(wait, UNLOADED, slice=key, epoch=row["epoch"], model=model)

    def _unloaded(self, payload: Json) -> None:
        row = self._slices.alive(payload["slice"], payload["epoch"])
        if row is None:
            return
        del row["models"][payload["model"]]
        for process in self._slices.members(row):
            message = f"Successfully unloaded model for key: {payload['model']}"
            self._processes.python(process, "model_service_base.py:611", message)
        self._done(payload["slice"], row)


def _lines(row: Json, model: str, stage: int, primary: bool, total: float) -> list[tuple[str, str, str]]:
    """(level, file:line, message) of one stage of a load, as one host writes them."""
    found = row["models"][model]
    klass = sax_models.find(found["path"])
    if stage == 0:
        out = [] if primary else [("I", "model_service_base.py:1771", f"Received load: {model}")]
        out.append(("I", "model_service_base.py:548", f"Loading model for key: {model}"))
        if klass is not None and klass.test_mode:
            message = f"Ignoring checkpoint_path {found['checkpoint']} in test mode."
            out.append(("I", "servable_model.py:389", message))
        return out
    if stage == 1:
        mesh = " ".join(str(number) for number in range(row["chips"]))
        return [
            ("I", "servable_model.py:421", f"device_mesh: [[[{mesh}]]]"),
            ("I", "servable_model.py:440", "quant_mode: QuantizationMode.INFERENCE"),
        ]
    seconds = {2: total * 0.21, 3: total * 0.22, 4: total * 0.41}.get(stage)
    if stage == 2:
        message = f"Finished tracing + transforming init_model_from_inputs for pjit in {seconds:.6f} sec"
        return [("W", "dispatch.py:272", message)]
    if stage in (3, 4):
        name = "init_model_from_inputs" if stage == 3 else "_wrapped_fn"
        return [("W", "dispatch.py:272", f"Finished XLA compilation of pjit({name}) in {seconds:.6f} sec")]
    if stage == 5:
        return [("I", "servable_model.py:697", "loading completed.")]
    return [("I", "model_service_base.py:590", f"Successfully loaded model for key: {model}")]
