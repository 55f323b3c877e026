"""Faults as data: a YAML file that names what goes wrong, read once and kept in the world's table "scenario.faults".

    faults:
      - {on: pool.create, pool: tpu2, error: stockout, after: 2100}       # after: simulated seconds
      - {service: container, method: GET, path: "/operations/", status: 503, times: 3}

`times` is how often a fault strikes, 1 unless given. `path` is a regular expression searched in the request's path.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from saxtui.emulator.world import World

Json = dict[str, Any]

POOL_ERRORS = {"stockout": "GCE_STOCKOUT", "quota": "GCE_QUOTA_EXCEEDED"}
_POOL_KEYS = {"on", "pool", "error", "after", "times"}
_HTTP_KEYS = {"service", "method", "path", "status", "times"}
_SERVICES = {"container", "storage", "iam", "cloudresourcemanager", "serviceusage", "compute"}


class BadScenario(Exception):
    """The scenario file cannot be used; the text names the file and the entry."""


def load(world: World, file: Path) -> None:
    """Read a scenario file into the world. Raises BadScenario."""
    import yaml

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadScenario(f"scenario {file}: {error}") from None
    install(world, document, str(file))


def install(world: World, document: Any, name: str = "scenario") -> None:
    """Check a scenario's data and keep it in the world. Raises BadScenario."""
    if not isinstance(document, dict) or set(document) - {"faults", "name", "description"}:
        raise BadScenario(f"{name}: expected a mapping with the keys faults, name, description")
    faults = document.get("faults") or []
    if not isinstance(faults, list):
        raise BadScenario(f"{name}: faults is not a list")
    table = world.table("scenario.faults")
    for number, fault in enumerate(faults, start=1):
        # YAML 1.1 reads a bare `on` as the truth value.
        renamed = (
            {"on" if key is True else key: value for key, value in fault.items()} if isinstance(fault, dict) else {}
        )
        problem = _problem(renamed)
        if problem:
            raise BadScenario(f"{name}: fault {number}: {problem}")
        table[str(number)] = {"times": 1, **renamed}


def _problem(fault: Json) -> str:
    """What is wrong with one fault, or ""."""
    if not fault:
        return "expected a mapping"
    known = _POOL_KEYS if "on" in fault else _HTTP_KEYS
    unknown = sorted(str(key) for key in set(fault) - known)
    if unknown:
        return f"unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}"
    if not isinstance(fault.get("times", 1), int) or fault.get("times", 1) < 1:
        return "times must be a whole number of at least 1"
    return _pool_problem(fault) if "on" in fault else _http_problem(fault)


def _pool_problem(fault: Json) -> str:
    if fault["on"] != "pool.create":
        return f"unknown on: {fault['on']!r}; known: pool.create"
    if not isinstance(fault.get("pool"), str):
        return "pool must name a node pool"
    if fault.get("error") not in POOL_ERRORS:
        return f"unknown error {fault.get('error')!r}; known: {', '.join(POOL_ERRORS)}"
    after = fault.get("after", 0)
    return "" if isinstance(after, (int, float)) and after >= 0 else "after must be a number of seconds"


def _http_problem(fault: Json) -> str:
    if fault.get("service") not in _SERVICES:
        return f"unknown service {fault.get('service')!r}; known: {', '.join(sorted(_SERVICES))}"
    status = fault.get("status")
    if not isinstance(status, int) or not 400 <= status <= 599:
        return "status must be an HTTP error code, 400 to 599"
    try:
        re.compile(str(fault.get("path", "")))
    except re.error as error:
        return f"path is not a regular expression: {error}"
    return ""


def pool_fault(world: World, pool: str) -> Json | None:
    """The fault that strikes the creation of this pool now, or None; counts as struck. `after` is always set."""
    for fault in world.table("scenario.faults").values():
        if fault.get("on") == "pool.create" and fault["pool"] == pool and fault["times"] > 0:
            fault["times"] -= 1
            return {"after": 300.0, **fault}
    return None


def http_fault(world: World, service: str, method: str, path: str) -> int | None:
    """The status a request must fail with now, or None; counts as struck."""
    for fault in world.table("scenario.faults").values():
        if fault.get("service") != service or fault["times"] < 1 or fault.get("method", method) != method:
            continue
        if re.search(str(fault.get("path", "")), path):
            fault["times"] -= 1
            return int(fault["status"])
    return None


def pool_error(error: str, cluster_key: str, pool: Json, seconds: float) -> str:
    """The words of a failed pool creation, as Compute Engine and GKE put them."""
    project, _, cluster = cluster_key.split("/")
    zone = pool["locations"][0]
    count = pool["initialNodeCount"]
    minutes, rest = divmod(seconds, 60)
    waited = f"{int(minutes)}m{rest:.3f}s" if minutes else f"{rest:.0f}s"
    instance = f"gke-{cluster}-{pool['name']}-0"
    begin = f"Not all instances running in IGM after {waited}. Expected {count}, running 0, transitioning {count}. "
    if error == "quota":
        return (
            f"Insufficient quota to satisfy the request: {begin}Current errors: [GCE_QUOTA_EXCEEDED]: Instance "
            f"'{instance}' creation failed: Quota 'SSD_TOTAL_GB' exceeded. Limit: 250.0 in region {zone[:-2]}."
        )
    return (
        f"Google Compute Engine: {begin}Current errors: [GCE_STOCKOUT]: Instance '{instance}' creation failed: The "
        f"zone 'projects/{project}/zones/{zone}' does not have enough resources available to fulfill the request. "
        "'(resource type:compute)'."
    )
