"""What the admin server's status page tells of each model server. Pure.

It is the one place where Sax itself says LOADED or FAILED a server: an HTML page on the admin pod's localhost:8080 with
the tables Models and Servers (google/saxml, saxml/admin/cloud.go). v1.1.0 has one column Status, later ones ModelStatus
and ServerStatus: columns are found by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from saxtui.engine.serving.ladder import Told
from saxtui.model.cluster import LogLine
from saxtui.model.serving import Rung

PORT = 8080
_STATES = {"LOADING": Rung.LOADING, "LOADED": Rung.LOADED, "FAILED": Rung.FAILED}


def read_page(html: str, pod: str, now: float) -> list[Told]:
    """A Told for each model of each server, as of when the admin last heard of that server (epoch seconds)."""
    parser = _Tables()
    parser.feed(html)
    return [told for table in parser.tables for told in _servers(table, pod, now)]


def _servers(table: list[list[str]], pod: str, now: float) -> Iterator[Told]:
    heads = [head.strip().lower() for head in table[0]] if table else []
    states = next((heads.index(name) for name in ("modelstatus", "status") if name in heads), -1)
    if "addr" not in heads or states < 0:
        return
    lag = next((index for index, head in enumerate(heads) if head.startswith("lag")), -1)
    for row in table[1:]:
        if len(row) != len(heads):
            continue
        address = row[heads.index("addr")].strip()
        heard = now - _seconds(row[lag]) if lag >= 0 else now
        for line in row[states].split("\n"):
            model, _, state = line.strip().rpartition(":")
            rung = _STATES.get(state.strip().upper())
            if model and rung is not None:
                yield Told(model, rung, LogLine(f"{pod} status page", heard, f"{address} {line.strip()}"), address)


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


class _Tables(HTMLParser):
    """Every table as rows of cells' text; a line break in a cell is one in the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._cell = tag in ("td", "th") or (self._cell and tag not in ("tr", "table"))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif self._cell and self.tables and self.tables[-1]:
            if tag in ("td", "th"):
                self.tables[-1][-1].append("")
            elif tag == "br":
                self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell and self.tables and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] += data
