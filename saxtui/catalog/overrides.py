"""An operator's own catalogue values: catalog-overrides.yaml in the state folder.

    tpus:
      v6e: {min_gke_version: 1.31.2-gke.1384000, zones: [us-east5-a], source: our account team, date: 2026-11-02}
    prices:
      - {what: v5e, zone: us-west4-a, usd_per_hour: 0.84, source: our contract}
      - {what: e2-standard-4, usd_per_hour: 0.134, source: billing export, date: 2026-10}
      - {what: cluster, usd_per_hour: 0.10, source: billing export}

`what` is a TPU generation (a price a chip), a CPU machine type (a node) or "cluster" (the fee). Every entry must name
its source, as the catalogue does.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from saxtui.catalog import prices, tpus
from saxtui.errors import Problem, UsageProblem

FILE = "catalog-overrides.yaml"
_FACTS = {"hbm_gb_per_chip", "min_gke_version", "zones"}
_VERSION = r"\d+\.\d+\.\d+-gke\.\d+"
_ZONE = r"[a-z]+-[a-z]+\d+-[a-z][a-z0-9]*"
_LIMIT = 65_536


def use(text: str, source: str = FILE) -> None:
    """Put the file's values before the catalogue's; "" goes back to the catalogue's. Raises UsageProblem."""
    facts, own = parse(text, source) if text.strip() else ((), ())
    tpus.override(facts)
    prices.override(own)


def parse(text: str, source: str = FILE) -> tuple[tuple[tpus.Fact, ...], tuple[prices.OwnPrice, ...]]:
    """The facts and prices of the file. Raises UsageProblem that names the entry and what is wrong with it."""
    import yaml

    if len(text) > _LIMIT:
        _refuse(source, f"longer than {_LIMIT} characters")
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        _refuse(source, "not YAML" + (f", line {mark.line + 1}" if mark else ""))
    if not isinstance(data, dict):
        _refuse(source, "holds no fields; it takes tpus and prices")
    for name in sorted(map(str, set(data) - {"tpus", "prices"})):
        _refuse(source, f"{name!r}: there is no such field; it takes tpus and prices")
    generations, listed = data.get("tpus") or {}, data.get("prices") or []
    if not isinstance(generations, dict):
        _refuse(source, "tpus: holds a field for each generation, such as v5e")
    if not isinstance(listed, list):
        _refuse(source, "prices: is a list")
    facts = [fact for name, entry in generations.items() for fact in _facts(source, str(name), entry)]
    return tuple(facts), tuple(_price(source, number, entry) for number, entry in enumerate(listed, 1))


def _facts(source: str, generation: str, entry: Any) -> list[tpus.Fact]:
    where = f"tpus.{generation}"
    if generation not in tpus.generations():
        _refuse(source, f"{where}: unknown generation; known: {', '.join(tpus.generations())}")
    origin = _origin(source, where, entry, _FACTS)
    found = []
    for name in sorted(_FACTS & set(entry)):
        value = entry[name]
        if name == "zones":
            parts = [str(part) for part in value] if isinstance(value, list) else []
            if not parts or not all(re.fullmatch(_ZONE, part) for part in parts):
                _refuse(source, f"{where}.zones: a list of zones such as [us-west4-a]")
            text = " ".join(parts)
        elif name == "min_gke_version":
            text = str(value)
            if not re.fullmatch(_VERSION, text):
                _refuse(source, f"{where}.min_gke_version: a version such as 1.31.2-gke.1115000")
        else:
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 4096:
                _refuse(source, f"{where}.hbm_gb_per_chip: a whole number of GB from 1 to 4096")
            text = str(value)
        found.append(tpus.Fact(generation, name, text, *origin))
    return found


def _price(source: str, number: int, entry: Any) -> prices.OwnPrice:
    where = f"prices[{number}]"
    origin = _origin(source, where, entry, {"what", "zone", "spot", "usd_per_hour"})
    usd, zone, spot = entry.get("usd_per_hour"), str(entry.get("zone", "")), entry.get("spot", False)
    if not isinstance(entry.get("what"), str) or not entry["what"]:
        _refuse(source, f"{where}.what: a TPU generation, a CPU machine type, or cluster")
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 < usd < 100_000:
        _refuse(source, f"{where}.usd_per_hour: a number of US dollars above 0")
    if zone and not re.fullmatch(_ZONE, zone):
        _refuse(source, f"{where}.zone: a zone such as us-west4-a, or leave it out for everywhere")
    if not isinstance(spot, bool):
        _refuse(source, f"{where}.spot: true or false")
    return prices.OwnPrice(entry["what"], zone, spot, prices.Price(float(usd), *origin))


def _origin(source: str, where: str, entry: Any, known: set[str]) -> tuple[str, str]:
    """(source, date) of an entry whose fields are all known."""
    if not isinstance(entry, dict):
        _refuse(source, f"{where}: holds fields")
    for name in sorted(map(str, set(entry) - known - {"source", "date"})):
        _refuse(source, f"{where}.{name}: there is no such field; it takes {', '.join(sorted(known))}, source, date")
    if not isinstance(entry.get("source"), str) or not entry["source"].strip():
        _refuse(source, f"{where}.source: say where the value comes from")
    return f"{entry['source'].strip()} (yours)", str(entry.get("date", "undated"))


def _refuse(source: str, said: str) -> NoReturn:
    raise UsageProblem(
        Problem(
            tried="read",
            target=source,
            said=said if said.isprintable() else ascii(said),
            next_step="correct it, or take the file away to use the catalogue as it came",
            where=source,
        )
    )
