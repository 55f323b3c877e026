"""The wizard's answers as text, and what becomes of them: a Deployment, or a problem for each field. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from saxtui.catalog import tpus
from saxtui.model import naming
from saxtui.model.deployment import TUTORIAL_MODEL

PAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Project", ("project",)),
    ("Model", ("model_path", "model_id", "checkpoint")),
    ("Slice", ("generation", "topology", "count", "capacity", "zone")),
    ("Names & network",
     ("name", "cluster", "bucket", "service_account", "namespace", "exposure", "role_scope", "source_ranges")),
    ("Review", ()),
)  # fmt: skip
"""The pages in order, with the fields whose problems they show."""

CAPACITIES = ("on demand", "spot", "flex-start")
"""The ways to have chips that need no name of anything; a reservation is named in the deployment file."""

_PLACES = {
    "project": ("project",), "model_path": ("model", "path"), "model_id": ("model", "id"),
    "checkpoint": ("model", "checkpoint"), "generation": ("slices", "generation"), "topology": ("slices", "topology"),
    "count": ("slices", "count"), "capacity": ("slices", "capacity"), "zone": ("zone",), "name": ("name",),
    "cluster": ("cluster", "name"), "bucket": ("bucket",), "service_account": ("identity", "service_account"),
    "namespace": ("namespace",), "exposure": ("exposure",), "role_scope": ("identity", "role_scope"),
    "source_ranges": ("source_ranges",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything asked, as typed. "" in `name` or `bucket` means the default, which `resolved` fills in.

    `id` is the deployment's id, chosen when the wizard opens; `taken` the names already in the library.
    """

    id: str
    project: str = ""
    model_path: str = TUTORIAL_MODEL
    model_id: str = "/sax/test/spmd"
    checkpoint: str = "None"
    generation: str = "v5e"
    topology: str = "4x8"
    count: str = "2"
    capacity: str = "on demand"
    zone: str = "us-west4-a"
    name: str = ""
    cluster: str = "saxml"
    bucket: str = ""
    service_account: str = "sax-iam-sa"
    namespace: str = "default"
    exposure: str = "private"
    role_scope: str = "bucket"
    source_ranges: str = ""
    taken: frozenset[str] = frozenset()

    def put(self, field: str, value: str) -> Draft:
        """The draft with one answer changed. Raises KeyError for an unknown field."""
        if field not in _PLACES:
            raise KeyError(field)
        values: dict[str, Any] = {field: value}
        return replace(self, **values)

    def answer(self, field: str) -> str:
        """One answer as typed."""
        return str(getattr(self, field))

    @property
    def resolved(self) -> Draft:
        """The draft with the blanks filled in."""
        return replace(
            self, name=self.name or free_name(self.taken), bucket=self.bucket or default_bucket(self.project, self.id)
        )

    def body(self) -> dict[str, Any]:
        """The Deployment's fields as plain data, not validated."""
        full = self.resolved
        found: dict[str, Any] = {"id": self.id, "region": self.zone.rpartition("-")[0]}
        for field, place in _PLACES.items():
            value: Any = full.answer(field).strip()
            if field == "source_ranges":
                value = tuple(part for part in value.replace(",", " ").split() if part)
            where = found if len(place) == 1 else found.setdefault(place[0], {})
            if field == "capacity":  # a Deployment has a switch for each way instead
                where["spot"], where["flex_start"] = value == "spot", value == "flex-start"
                continue
            where[place[-1]] = value
        return found


def blank(project: str, taken: Collection[str] = ()) -> Draft:
    """The wizard's first draft: the tutorial's shape in that project."""
    return Draft(id=naming.new_id(), project=project, taken=frozenset(taken))


def free_name(taken: Collection[str], base: str = "spmd-175b") -> str:
    """The first of base, base-2, base-3 … that no saved deployment has."""
    number = 2
    name = base
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def default_bucket(project: str, identity: str) -> str:
    """The bucket's default name; without a project a stand-in that is legal."""
    return naming.bucket_name(project or "project", identity)


def check(draft: Draft) -> tuple[Any, Mapping[str, str]]:
    """(Deployment, {}) when every answer is good, else (None, a sentence for each bad field). Milliseconds."""
    from pydantic import ValidationError

    from saxtui.model.deployment import Deployment

    wrong: dict[str, str] = {}
    if draft.resolved.name in draft.taken:
        wrong["name"] = "a saved deployment has this name"
    try:
        made = Deployment.model_validate(draft.body())
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            field = _field(tuple(str(part) for part in fault["loc"]), str(fault["msg"]))
            wrong.setdefault(field, _sentence(field, str(fault["type"]), str(fault["msg"])))
        if "project" in wrong and not draft.bucket:
            wrong.pop("bucket", None)  # the default name is made from the project id
        return None, wrong
    return (None, wrong) if wrong else (made, {})


def _field(place: tuple[str, ...], said: str) -> str:
    for field, known in _PLACES.items():
        if place[: len(known)] == known:
            return field
    if "checkpoint" in said:
        return "checkpoint"
    return "zone" if place == ("region",) or "zone" in said.split() else "topology"


def _sentence(field: str, kind: str, said: str) -> str:
    if kind == "string_pattern_mismatch":
        return _SHAPES.get(field, "use lower-case letters, digits and hyphens, a letter first")
    return said.removeprefix("Value error, ")


_SHAPES = {
    "project": "a project id: 6 to 30 lower-case letters, digits and hyphens, a letter first",
    "model_id": "/sax/CELL/NAME in lower-case letters, digits, - and _",
    "checkpoint": "a gs:// path without blanks, or None for random weights",
    "zone": "a zone such as us-west4-a",
    "bucket": "3 to 63 lower-case letters, digits, - _ and .",
    "service_account": "6 to 30 lower-case letters, digits and hyphens, a letter first",
}


def page_of(field: str) -> int:
    """The number of the page that asks for the field."""
    return next((number for number, (_, asked) in enumerate(PAGES) if field in asked), len(PAGES) - 1)


def fields_of_draft() -> frozenset[str]:
    """Names of all fields of a Draft, for the tests that keep PAGES and Draft together."""
    return frozenset(item.name for item in fields(Draft)) - {"id", "taken"}


def zones_for(generation: str) -> tuple[str, ...]:
    """Zones the catalogue knows the generation in; empty for an unknown generation."""
    return tpus.zones(generation) if generation in tpus.generations() else ()
