"""Lists that lag behind: what was made is not in them yet, what was deleted still is. A fault of the scenario.

Before each change the collection it is made in is listed, and kept for as long as the lag in "scenario.lists".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.wire import Answer, Request
from saxtui.emulator.scenarios import states
from saxtui.emulator.world import World

Json = dict[str, Any]
Proceed = Callable[[Request], Answer]
TABLE = "scenario.lists"
_KEYS = ("clusters", "nodePools", "items", "accounts", "operations")
_PLACE = re.compile(r"/(locations|zones)/[^/]+/")


def through(world: World, service: str, request: Request, proceed: Proceed) -> Answer:
    """The answer that `proceed` gives, or as it was before the lag. Raises GoogleError."""
    lag = max(
        (
            float(fault["seconds"])
            for fault in states(world, "list-lag")
            if fault["when"]["request"]["service"] == service
            and re.search(fault["when"]["request"]["path"], request.path)
        ),
        default=0.0,
    )
    if not lag:
        return proceed(request)
    collection = request.path if request.method in ("GET", "POST") else request.path.rpartition("/")[0]
    row = world.table(TABLE).setdefault(
        f"{service}|{_PLACE.sub('/-/', collection)}", {"pairs": [], "path": "", "kept": []}
    )
    if request.method != "GET":
        if ":" not in request.path.rpartition("/")[2]:
            row["kept"] = [each for each in row["kept"] if each["at"] > world.now - lag]
            _keep(world, row, request, collection, proceed)
        return proceed(request)
    answer = proceed(request)
    row["pairs"] = [list(pair) for pair in request.query.items()]
    kept = [each for each in row["kept"] if each["at"] > world.now - lag]
    return _as_it_was(request, answer, kept[0]["items"]) if kept and answer.status == 200 else answer


def _keep(world: World, row: Json, request: Request, collection: str, proceed: Proceed) -> None:
    query = {str(name): str(value) for name, value in row["pairs"]} | dict(request.query)
    try:
        listed = proceed(Request("GET", collection, query))
    except GoogleError:
        return
    row["kept"].append({"at": world.now, "items": _items(json.loads(listed.body))[1]})


def _items(body: Json) -> tuple[str, list[Json]]:
    key = next((key for key in _KEYS if isinstance(body.get(key), list)), "")
    return key, list(body.get(key, []))


def _as_it_was(request: Request, answer: Answer, before: list[Json]) -> Answer:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer
    key, now = _items(body)
    old = {item["name"] for item in before}
    here = {item["name"] for item in now}
    if not key and not before:
        return answer
    key = key or _key_of(request.path)
    prefix = request.query.get("prefix", "")
    gone = [item for item in before if item["name"] not in here and str(item["name"]).startswith(prefix)]
    shown = [item for item in now if item["name"] in old] + gone
    rest = {name: value for name, value in body.items() if name != key}
    return replace(Answer.json({**rest, **({key: shown} if shown else {})}), headers=answer.headers)


def _key_of(path: str) -> str:
    last = path.rpartition("/")[2]
    return {"serviceAccounts": "accounts", "clusters": "clusters", "nodePools": "nodePools"}.get(last, "items")
