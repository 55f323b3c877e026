"""One pod as the API server holds it, as YAML to read."""

from __future__ import annotations

import asyncio

import yaml

from saxtui.engine.watching.connection import Connection
from saxtui.errors import NotFound, Problem
from saxtui.ports import Json, Ref


async def pod_yaml(connection: Connection, namespace: str, name: str) -> str:
    """The pod now, without managedFields; its text is clean. Raises NotFound when it is gone; CallError."""
    kubernetes = await connection.kubernetes()
    found = await kubernetes.get(Ref("v1", "Pod", name, namespace))
    if found is None:
        said = "is not there (any more)"
        raise NotFound(Problem(tried="read", target=f"pod {name}", said=said, code="404"))
    return await asyncio.to_thread(_written, found)


def _written(found: Json) -> str:
    """As kubectl orders it: who, what is wanted, how it is."""
    metadata = {key: value for key, value in (found.get("metadata") or {}).items() if key != "managedFields"}
    ordered = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    rest = {key: value for key, value in found.items() if key not in ordered}
    text: str = yaml.safe_dump(ordered | rest, sort_keys=False, allow_unicode=True, width=110)
    return text
