"""The admin server's page as witness: columns by name, and only where the logs prove less and say nothing newer."""

from __future__ import annotations

import pytest

from saxtui.engine.serving.ladder import Told, read_server, replica
from saxtui.engine.serving.status_page import read_page
from saxtui.model.cluster import LogLine
from saxtui.model.serving import Evidence, Rung

K = "/sax/test/spmd"
NOW = 1000.0
LISTED = Evidence(Rung.ASSIGNED, "GET /listcell", "active_replicas 2 of 2", 5.0)


def page(heads: str, *rows: str) -> str:
    cells = "".join(f"<th>{head}</th>" for head in heads.split())
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<h2>Models</h2><table><tr><th>Name</th></tr><tr><td>{K}</td></tr></table><h2>Servers</h2>" \
           f"<table border=1><tr>{cells}</tr>{body}</table>"  # fmt: skip


OLD = page(
    "Addr Chip Topo Lag(s) Status",
    f"<td>10.0.0.1:10001</td><td>tpuv5e</td><td>4x8</td><td>4.5</td><td>{K}: LOADED<br>/sax/test/b: FAILED</td>",
    "<td>10.0.0.2:10001</td><td>tpuv5e</td><td>4x8</td><td>0.0</td><td></td>",
)
NEW = page(
    "Lag(s) Addr ServerStatus ModelStatus",
    f"<td>x</td><td><b>10.0.0.1:10001</b></td><td>ACTIVE</td><td>{K}: LOADING</td>",
)


def test_every_server_by_the_names_of_the_columns() -> None:
    told = read_page(OLD, "admin-1", NOW)
    assert [(item.key, item.rung, item.server, item.line.at) for item in told] == [
        (K, Rung.LOADED, "10.0.0.1:10001", 995.5), ("/sax/test/b", Rung.FAILED, "10.0.0.1:10001", 995.5)
    ]  # fmt: skip
    assert (told[0].line.pod, told[0].line.text) == ("admin-1 status page", f"10.0.0.1:10001 {K}: LOADED")
    assert [(item.rung, item.line.at) for item in read_page(NEW, "admin-1", NOW)] == [(Rung.LOADING, NOW)]


@pytest.mark.parametrize(
    "html", ["", "404 page not found", page("Addr Chip", "<td>a</td><td>b</td>"), "<td>x<table><tr>"]
)
def test_another_page_tells_nothing(html: str) -> None:
    assert read_page(html, "admin-1", NOW) == []


def judge(page_says: Rung, at: float, *log: str, not_before: float = 0.0) -> Rung:
    said = [Told(K, page_says, LogLine("admin status page", at, "a"), "10.0.0.1:10001")]
    told = read_server([LogLine("0-0", 10.0 + number, f"] {text}") for number, text in enumerate(log)])
    return replica(K, 0, LISTED, told, [], page=said, not_before=not_before, sure=True).rung


def test_it_counts_where_the_logs_prove_less() -> None:
    loading, loaded = f"Loading model for key: {K}", f"Successfully loaded model for key: {K}"
    assert judge(Rung.LOADED, 50.0) is Rung.LOADED
    assert judge(Rung.LOADED, 50.0, loading) is Rung.LOADED
    assert judge(Rung.LOADED, 50.0, f"Received model_key {K} method lm.generate") is Rung.LOADED
    assert judge(Rung.FAILED, 50.0, loading) is Rung.FAILED
    assert judge(Rung.LOADED, 9.0, loading) is Rung.LOADING, "the log says something newer"
    assert judge(Rung.LOADED, 50.0, not_before=60.0) is Rung.ASSIGNED, "it was unpublished since"
    assert judge(Rung.LOADING, 50.0, loading, loaded) is Rung.LOADED
    assert judge(Rung.LOADED, 50.0, f"Error occurred during loading: {K}, error: x") is Rung.FAILED
