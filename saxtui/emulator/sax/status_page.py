"""The admin server's status page, port 8080: tables of models and servers, as the v1.1.0 image writes them.

Columns of google/saxml, saxml/admin (cloud.go template at v1.1.0): one Status column a server. Later images
have ModelStatus and ServerStatus instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from saxtui.emulator.kubernetes.proxy import ProxyRequest, ProxyResponse
from saxtui.emulator.sax.admin import Admins
from saxtui.emulator.sax.processes import Processes, flag
from saxtui.emulator.sax.slices import Slices

Json = dict[str, Any]
PORT = 8080
_HEADERS = {"content-type": "text/html; charset=utf-8"}
_ONE_COLUMN = ("v1.0.0", "v1.1.0")


class StatusPages:
    """Answers for admin servers: `/`, `/model/NAME` and `/server/ADDRESS`."""

    def __init__(self, processes: Processes, slices: Slices, admins: Admins) -> None:
        self._processes = processes
        self._slices = slices
        self._admins = admins

    def answer(self, process: Json, request: ProxyRequest) -> ProxyResponse | None:
        """The page; None while the admin does not serve yet."""
        row = self._admins.of_run(process["run"])
        if row is None:
            return None
        kind, _, name = request.path.strip("/").partition("/")
        models = {f"/{name}": row["models"].get(f"/{name}")} if kind == "model" else row["models"]
        servers = {name: row["servers"].get(name)} if kind == "server" else row["servers"]
        if kind not in ("", "model", "server") or None in (*models.values(), *servers.values()):
            return ProxyResponse(404, {"content-type": "text/plain; charset=utf-8"}, b"404 page not found\n")
        tables = []
        if kind != "server":
            tables.append(
                _table("Models", ("Name", "Max", "Active", "Path", "Checkpoint"), map(_model, models.items()))
            )
        if kind != "model":
            ends = ("Status",) if process["tag"] in _ONE_COLUMN else ("ModelStatus", "ServerStatus")
            rows = (self._server(address, found, len(ends)) for address, found in servers.items())
            tables.append(_table("Servers", ("Addr", "Chip", "Topo", "Lag(s)", *ends), rows))
        title = escape(f"Sax cell {row['cell']}")
        page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>\n<h1>{title}</h1>\n"
        return ProxyResponse(200, _HEADERS, (page + "".join(tables) + "</body></html>\n").encode())

    def _server(self, address: str, found: Json, ends: int) -> tuple[str, ...]:
        primary = self._processes.get(found["run"])
        held = self._slices.find(primary["slice"]) if primary is not None else None
        states = [f"{model}: {each['state']}" for model, each in (held or {"models": {}})["models"].items()]
        chip = flag(primary, "platform_chip", "cpu") if primary is not None else "unknown"
        topology = flag(primary, "platform_topology", "1") if primary is not None else "unknown"
        lag = f"{self._processes.world.now - found['seen']:.1f}"
        return (address, chip, topology, lag, "\n".join(states), *(("ACTIVE",) if ends == 2 else ()))


def _model(item: tuple[str, Json]) -> tuple[str, ...]:
    name, found = item
    return name, str(found["replicas"]), str(len(found["servers"])), found["path"], found["checkpoint"]


def _table(title: str, heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{text}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{_cell(text)}</td>" for text in row) + "</tr>\n" for row in rows)
    return f'<h2>{title}</h2>\n<table border="1">\n<tr>{head}</tr>\n{body}</table>\n'


def _cell(text: str) -> str:
    return escape(text).replace("\n", "<br>")
