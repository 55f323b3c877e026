"""The model classes built into the Sax model-server images, as data.

From google/saxml, saxml/server/pax/lm/params at tags v1.0.0 to v1.2.0 (and its head for "nightly"). A slice serves a
class only when the product of the class's device mesh equals the slice's chips exactly. `weights_gb` counts int8
weights as one byte a parameter and bf16 as two; blank where the class does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

PREFIX = "saxml.server.pax.lm.params"
RELEASES = ("v1.0.0", "v1.1.0", "v1.2.0", "nightly")
TUTORIAL_RELEASE = "v1.1.0"


@dataclass(frozen=True, slots=True)
class SaxModel:
    """One servable class. `chips` are the slice sizes it accepts; `since` the first release that has it.

    `test_mode` classes ignore the checkpoint and use random weights; the others need a checkpoint directory.
    `all_sampling`: takes temperature, top-k, top-p and max steps with a request (the others only temperature).
    """

    name: str
    path: str
    chips: tuple[int, ...]
    since: str
    params_b: float
    weights_gb: float | None
    test_mode: bool
    all_sampling: bool
    in_tokens: int | None
    out_tokens: int | None
    note: str

    def in_release(self, release: str) -> bool:
        """Whether images of that release have the class; an unknown release counts as the newest."""
        wanted = RELEASES.index(release) if release in RELEASES else len(RELEASES) - 1
        return RELEASES.index(self.since) <= wanted

    def gb_per_chip(self, chips: int) -> float | None:
        """Weights alone on each chip of a slice of that size, or None where the weights are not known."""
        return None if self.weights_gb is None else self.weights_gb / chips


def all_models() -> tuple[SaxModel, ...]:
    """Every class of the catalogue, in the catalogue's order."""
    return tuple(_by_path().values())


def find(path: str) -> SaxModel | None:
    """The class of that full path (or bare class name), or None when the catalogue does not know it."""
    return _by_path().get(path) or _by_path().get(next((m.path for m in all_models() if m.name == path), ""))


def fitting(chips: int, release: str = TUTORIAL_RELEASE) -> tuple[SaxModel, ...]:
    """Classes of images up to `release` that a slice of exactly that many chips can serve, biggest first."""
    found = [model for model in all_models() if chips in model.chips and model.in_release(release)]
    return tuple(sorted(found, key=lambda model: (-model.params_b, model.name)))


@lru_cache(maxsize=1)
def _by_path() -> dict[str, SaxModel]:
    from saxtui.catalog.table import rows

    found: dict[str, SaxModel] = {}
    for row in rows("sax_models.csv"):
        path = f"{PREFIX}.{row['module']}.{row['name']}"
        found[path] = SaxModel(
            name=row["name"],
            path=path,
            chips=tuple(int(count) for count in row["chips"].split()),
            since=row["since"],
            params_b=float(row["params_b"]),
            weights_gb=float(row["weights_gb"]) if row["weights_gb"] else None,
            test_mode=row["test_mode"] == "yes",
            all_sampling=row["sampling"] == "all",
            in_tokens=int(row["in_tokens"]) if row["in_tokens"] else None,
            out_tokens=int(row["out_tokens"]) if row["out_tokens"] else None,
            note=row["note"],
        )
    return found
