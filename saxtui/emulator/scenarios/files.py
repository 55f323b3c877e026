"""Scenario files: found by name or path, read, checked, and put into a world as rows.

    title: The second slice finds no chips
    description: Node pool tpu2 fails with GCE_STOCKOUT 35 simulated minutes after it was asked for.
    faults:
      - {when: {on: pool.create/tpu2}, fault: stockout, after: 2100}

A row of the table "scenario.faults", by number: the entry with every default filled in, and `_sort`, `_seen` (occasions
so far), `_struck`, and `_open`, the epoch seconds from which it counts (None: not yet).
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from saxtui.emulator.scenarios import schema, schema_base
from saxtui.emulator.world import World

Json = dict[str, Any]
TABLE = "scenario.faults"
ACT = "scenario.act"
_KEYS = {"title", "description", "faults"}
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`")
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_AT = re.compile(r" - at `\$\.?(.*?)`$")


class BadScenario(Exception):
    """The scenario cannot be used; the text names the file and the entry."""


def shipped() -> dict[str, Path]:
    """The scenarios that come with the emulator, by name."""
    folder = Path(str(files("saxtui.emulator.scenarios") / "files"))
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def find(name: str | Path) -> Path:
    """The file of a shipped scenario's name, or the path itself. Raises BadScenario."""
    path = Path(name)
    if path.is_file():
        return path
    known = shipped()
    if str(name) in known:
        return known[str(name)]
    if path.suffix or len(path.parts) > 1:
        raise BadScenario(f"scenario {name}: no such file")
    raise BadScenario(f"scenario {name}: no such file or name; names: {', '.join(known)}")


def read(file: Path) -> Json:
    """The document in a scenario file. Raises BadScenario."""
    import yaml

    try:
        document = _keys(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadScenario(f"scenario {file}: {error}") from None
    check(document, str(file))
    found: Json = document
    return found


def check(document: Any, name: str) -> list[schema_base.Fault]:
    """The faults of a document. Raises BadScenario for whatever it may not say."""
    if not isinstance(document, dict):
        raise BadScenario(f"scenario {name}: expected a mapping with the keys {', '.join(sorted(_KEYS))}")
    unknown = sorted(str(key) for key in set(document) - _KEYS)
    if unknown:
        raise BadScenario(f"scenario {name}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}")
    for key in ("title", "description"):
        if not isinstance(document.get(key, ""), str) or "\n" in document.get(key, ""):
            raise BadScenario(f"scenario {name}: {key} is not one line of text")
    faults = document.get("faults") or []
    if not isinstance(faults, list):
        raise BadScenario(f"scenario {name}: faults is not a list")
    found = []
    for number, entry in enumerate(faults, start=1):
        try:
            found.append(schema.parse(entry))
        except msgspec.ValidationError as error:
            raise BadScenario(f"scenario {name}: fault {number}: {_words(str(error))}") from None
    return found


def load(world: World, scenario: str | Path) -> None:
    """Find, read and install. Raises BadScenario."""
    file = find(scenario)
    install(world, read(file), str(file))


def install(world: World, document: Any, name: str = "scenario") -> None:
    """Put a document's faults into the world; its present time is the start. Raises BadScenario."""
    table = world.table(TABLE)
    first = len(table) + 1
    for number, fault in enumerate(check(_keys(document), name), start=first):
        at = fault.when.at
        row: Json = msgspec.to_builtins(fault)
        row.update(_sort=fault.sort, _seen=0, _struck=0, _open=None)
        if fault.when.request is not None or fault.sort == "seam":
            row["_open"] = world.now + (at or 0.0)
        elif at is not None:
            row["_open"] = world.now + at
            if fault.sort == "act":
                world.after(at, ACT, fault=str(number))
        table[str(number)] = row


def _keys(value: Any) -> Any:
    """YAML 1.1 reads a bare `on` as the truth value: make it the word again, all the way down."""
    if isinstance(value, dict):
        return {"on" if key is True else key: _keys(each) for key, each in value.items()}
    return [_keys(each) for each in value] if isinstance(value, list) else value


def _words(text: str) -> str:
    """msgspec's complaint as "unknown key x in when"."""
    where = _AT.search(text)
    said = _AT.sub("", text)
    said = _UNKNOWN.sub(r"unknown key \1", said)
    said = _MISSING.sub(r"\1 is missing", said)
    if where and where[1] == "fault":
        return f"{said}: fault is one of {', '.join(schema.KINDS)}"
    return f"{said} in {where[1]}" if where and where[1] else said
