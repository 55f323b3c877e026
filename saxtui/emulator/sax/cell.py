"""The admin server's book of one cell: published models, joined servers, who serves what. Works on a plain row.

A row: models {id: {path, checkpoint, replicas, uuid, servers [addresses]}}, servers {address: {run, seen}},
leaving [ids unpublished since the last tick]. Texts as google/saxml's admin writes them (mgr.go, validator.go).
"""

from __future__ import annotations

import re
from typing import Any

from saxtui.emulator.sax import wire

Json = dict[str, Any]
_PART = re.compile(r"[a-z]+[a-z0-9_-]*")
_PATH = re.compile(r"[a-zA-Z]+[a-zA-Z0-9_.-]*")
_CHECKPOINT = re.compile(r"[/\w.%:=|+-]+")
_CODES = {
    "InvalidArgument": "INVALID_ARGUMENT",
    "NotFound": "NOT_FOUND",
    "AlreadyExists": "ALREADY_EXISTS",
    "PermissionDenied": "PERMISSION_DENIED",
    "FailedPrecondition": "FAILED_PRECONDITION",
    "ResourceExhausted": "RESOURCE_EXHAUSTED",
    "Unavailable": "UNAVAILABLE",
}


class SaxError(Exception):
    """A gRPC status: `code` in Go's spelling and a description. str() is what the Python client's users see."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"StatusNotOk: rpc error: code = {code} desc = {text} [{_CODES[code]}]")
        self.code = code
        self.text = text


def cell_of(model: str) -> str:
    """The cell of a full model name. Raises SaxError InvalidArgument."""
    parts = model.split("/")
    if len(parts) != 4 or parts[:2] != ["", "sax"]:
        raise SaxError(
            "InvalidArgument", f'model full name "{model}" should have the form /sax/<cell name>/<model name>'
        )
    for what, name in (("cell", parts[2]), ("model", parts[3])):
        if not _PART.fullmatch(name):
            raise SaxError("InvalidArgument", f'{what} name "{name}" should match the regex ^[a-z]+[a-z0-9-_]*$')
    return model.rsplit("/", 1)[0]


def check_cell(cell: str) -> None:
    """Raises SaxError InvalidArgument unless it is /sax/<cell>."""
    parts = cell.split("/")
    if len(parts) != 3 or parts[:2] != ["", "sax"] or not _PART.fullmatch(parts[2]):
        raise SaxError("InvalidArgument", f'cell full name "{cell}" should have the form /sax/<cell name>')


def new_cell() -> Json:
    """An admin that has published nothing."""
    return {"models": {}, "servers": {}, "leaving": []}


def publish(row: Json, model: str, path: str, checkpoint: str, replicas: int, uuid: str) -> None:
    """Record a model. Only syntax is checked: whether any server can serve it, nobody asks. Raises SaxError."""
    cell_of(model)
    if not _PATH.fullmatch(path):
        raise SaxError("InvalidArgument", f'model path "{path}" should match the regex ^[a-zA-Z]+[a-zA-Z0-9_.-]*$')
    _check_numbers(checkpoint, replicas)
    if model in row["leaving"]:
        raise SaxError("Unavailable", f"model {model} is being unpublished, please retry later")
    if model in row["models"]:
        raise SaxError("AlreadyExists", f"model {model} already exists: AlreadyExists")
    row["models"][model] = {
        "path": path,
        "checkpoint": checkpoint,
        "replicas": replicas,
        "uuid": uuid,
        "servers": [],
    }


def update(row: Json, model: str, path: str, checkpoint: str, replicas: int) -> None:
    """Change checkpoint and replicas of a published model. Raises SaxError."""
    cell_of(model)
    found = find(row, model)
    if path != found["path"]:
        raise SaxError("InvalidArgument", f"model path can't be changed from {found['path']} to {path}")
    _check_numbers(checkpoint, replicas)
    found["checkpoint"], found["replicas"] = checkpoint, replicas


def unpublish(row: Json, model: str) -> None:
    """Forget a model at once; its servers unload it after the next tick. Raises SaxError."""
    cell_of(model)
    find(row, model)
    del row["models"][model]
    row["leaving"].append(model)


def find(row: Json, model: str) -> Json:
    """The published model. Raises SaxError NotFound."""
    found: Json | None = row["models"].get(model)
    if found is None:
        raise SaxError("NotFound", f"model {model} not found")
    return found


def _check_numbers(checkpoint: str, replicas: int) -> None:
    if not _CHECKPOINT.fullmatch(checkpoint):
        rule = r"^(/|\d|\w|_|\.|-|%|:|=|\||\+)+$"
        raise SaxError("InvalidArgument", f'checkpoint path "{checkpoint}" should match the regex {rule}')
    if replicas < 0:
        raise SaxError("InvalidArgument", f"number of replicas {replicas} should be greater than or equal to 0")


def holder(row: Json, address: str) -> str:
    """The model that this server is assigned to, "" when it is idle."""
    return next((model for model, found in row["models"].items() if address in found["servers"]), "")


def dump(row: Json) -> bytes:
    """state.proto: what survives a restart of the admin."""
    models = []
    for model, found in row["models"].items():
        fields = [(1, model), (2, found["path"]), (3, found["checkpoint"]), (4, found["replicas"]), (5, found["uuid"])]
        models.append((1, wire.encode(fields)))
    return wire.encode(models)


def load(data: bytes) -> Json:
    """The models of a state.proto, assigned to nobody."""
    row = new_cell()
    for key, value in wire.decode(data):
        if key == 1 and isinstance(value, bytes):
            fields = wire.decode(value)
            row["models"][wire.text(fields, 1)] = {
                "path": wire.text(fields, 2),
                "checkpoint": wire.text(fields, 3),
                "replicas": wire.number(fields, 4),
                "uuid": wire.text(fields, 5),
                "servers": [],
            }
    return row
