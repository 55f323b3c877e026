"""Orphans of each kind planted over HTTP while a deployment is up: the real `down` finds them all, and its receipt."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
import yaml

from saxtui.model.deployment_file import parse
from tests.engine.orphans import Ask, Json, left, plant, told
from tests.stories.robot import EmbeddedCloud, Operator


def asks(cloud: EmbeddedCloud) -> Ask:
    """As curl would, with the token of env.sh."""
    base = cloud.env["CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER"].rstrip("/")
    headers = {"Authorization": f"Bearer {cloud.env['CLOUDSDK_AUTH_ACCESS_TOKEN']}", "Content-Type": "application/json"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(method: str, path: str, body: Json | None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        with opener.open(urllib.request.Request(base + path, data, headers, method=method), timeout=30) as answer:
            found: Json = json.load(answer)
            return found

    return ask


@pytest.mark.long  # the gate does the same in one process: tests/engine/test_planted_orphans.py
def test_down_finds_what_was_planted(cloud: EmbeddedCloud, operator: Operator) -> None:
    operator.saxtui("init", "--preset", "smoke", "--project", "demo-project", "-o", "smoke.yaml").ok()
    path = operator.folder / "smoke.yaml"
    text = path.read_text()
    document = yaml.safe_load(text)
    document.setdefault("identity", {})["role_scope"] = "project"
    path.write_text(yaml.safe_dump(document))
    wanted = parse(path.read_text(), str(path))
    operator.saxtui("up", "-d", "smoke.yaml", "--yes").ok()
    planted = plant(asks(cloud), wanted)
    operator.saxtui("down", "-d", "smoke.yaml", "--yes").ok()
    (receipt,) = Path(operator.env["SAXTUI_STATE"]).glob("receipts/*.json")
    told(planted, json.loads(receipt.read_text())["body"])
    assert left(asks(cloud), wanted) == {*planted.like, *planted.theirs}
    printed = operator.saxtui("receipt", "-d", "smoke.yaml").out
    assert all(name in printed for name in (*planted.ours, *planted.like))
