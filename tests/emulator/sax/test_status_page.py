"""The admin server's status page on port 8080, in virtual time."""

from __future__ import annotations

import re
from html import unescape

import pytest

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse, forward
from tests.emulator.tutorial import CLUSTER, MODEL_CLASS, Cloud


async def page(cloud: Cloud, path: str = "/", app: str = "sax-admin-server") -> ProxyResponse | NoAnswer:
    pod = cloud.app(app)["metadata"]["name"]
    return await forward(cloud.world, CLUSTER, "default", pod, 8080, ProxyRequest("GET", path))


def tables(answer: ProxyResponse | NoAnswer) -> dict[str, list[list[str]]]:
    assert isinstance(answer, ProxyResponse) and answer.status == 200, answer
    text = answer.body.decode()
    found = {}
    for title, body in re.findall(r"<h2>(\w+)</h2>\s*<table.*?>(.*?)</table>", text, re.DOTALL):
        rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
        found[title] = [[unescape(cell) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row)] for row in rows]
    return found


async def test_models_and_servers() -> None:
    cloud = Cloud()
    cloud.serving()
    cloud.until(lambda: cloud.pods(app="sax-admin-server"), 60)
    assert await page(cloud) is NoAnswer.REFUSED
    cloud.until(cloud.joined, 300)
    assert tables(await page(cloud))["Models"] == [["Name", "Max", "Active", "Path", "Checkpoint"]]
    await cloud.publish()
    cloud.advance(20)
    shown = tables(await page(cloud))
    assert shown["Models"][1] == ["/sax/test/spmd", "2", "2", MODEL_CLASS, "None"]
    assert shown["Servers"][0] == ["Addr", "Chip", "Topo", "Lag(s)", "Status"]
    assert [row[4] for row in shown["Servers"][1:]] == ["/sax/test/spmd: LOADING"] * 2
    cloud.until(cloud.loaded, 900)
    shown = tables(await page(cloud))
    assert [row[4] for row in shown["Servers"][1:]] == ["/sax/test/spmd: LOADED"] * 2
    address = shown["Servers"][1][0]
    assert re.fullmatch(r"10\.182\.\d+\.\d+:10001", address)
    assert tables(await page(cloud, f"/server/{address}")) == {"Servers": shown["Servers"][:2]}
    assert tables(await page(cloud, "/model/sax/test/spmd")) == {"Models": shown["Models"]}


@pytest.mark.parametrize("path", ["/model/sax/test/other", "/server/1.2.3.4:5", "/metrics"])
async def test_pages_that_are_not_there(path: str) -> None:
    cloud = Cloud()
    cloud.serving()
    cloud.until(cloud.joined, 300)
    answer = await page(cloud, path)
    assert isinstance(answer, ProxyResponse) and answer.status == 404
    assert await page(cloud, "/", "sax-http") is NoAnswer.REFUSED
