"""The wizard's answers as text, and what becomes of them: a Deployment, or a problem for each field. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from saxtui.catalog import sax_models, tpus
from saxtui.console.setup.keeping import Unfinished
from saxtui.console.setup.questions import ALL, AS_CLASS, FLEX_START, GKE_DEFAULT, NO, ON_DEMAND, RESERVATION, SPOT, YES
from saxtui.model import naming, presets
from saxtui.model.deployment import TUTORIAL_MODEL, Deployment, Images

_LISTS = ("source_ranges", "other_zones")
_SWITCHES = ("adopt", "adopt_bucket", "every_zone", "private_nodes")
_NUMBERS = ("cache_gb", "headroom", "params_b")


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything asked, as typed. "" in `name` or `bucket` means the default, which `resolved` fills in.

    `id` is the deployment's id, chosen when the wizard opens; `taken` the names already in the library.
    """

    id: str
    preset: str = "tutorial"
    project: str = ""
    model_path: str = TUTORIAL_MODEL
    model_id: str = "/sax/test/spmd"
    checkpoint: str = "None"
    replicas: str = "0"
    weights: str = AS_CLASS
    params_b: str = ""
    cache_gb: str = "0"
    headroom: str = "0"
    generation: str = "v5e"
    topology: str = "4x8"
    count: str = "2"
    capacity: str = ON_DEMAND
    reservation: str = ""
    zone: str = presets.DEFAULT_ZONE
    other_zones: str = ""
    name: str = ""
    cluster: str = "saxml"
    adopt: str = NO
    bucket: str = ""
    adopt_bucket: str = NO
    service_account: str = "sax-iam-sa"
    role_scope: str = "bucket"
    namespace: str = "default"
    exposure: str = "private"
    source_ranges: str = ""
    cpu_nodes: str = "4"
    every_zone: str = NO
    cpu_machine_type: str = "e2-standard-4"
    channel: str = GKE_DEFAULT
    version: str = ""
    network: str = ""
    subnetwork: str = ""
    private_nodes: str = NO
    admin_image: str = Images().admin
    model_image: str = Images().model
    http_image: str = Images().http
    jobset: str = "v0.8.2"
    kubernetes_account: str = "sax-sa"
    pool_prefix: str = "tpu"
    placement_policy: str = ""
    extra_labels: str = ""
    ttl: str = ""
    canary: str = "30"
    taken: frozenset[str] = frozenset()

    def put(self, field: str, value: str) -> Draft:
        """The draft with one answer changed. Raises KeyError for an unknown field."""
        if field not in ALL:
            raise KeyError(field)
        values: dict[str, Any] = {field: value}
        return replace(self, **values)

    def answer(self, field: str) -> str:
        """One answer as typed."""
        return str(getattr(self, field))

    @property
    def release(self) -> str:
        """The Sax release of the model-server image."""
        return self.model_image.rpartition(":")[2]

    @property
    def resolved(self) -> Draft:
        """The draft with the blanks filled in."""
        name = self.name or naming.free(self.taken, _usual_name(self.model_path))
        return replace(self, name=name, bucket=self.bucket or default_bucket(self.project, self.id, self.preset))

    @property
    def answers(self) -> dict[str, str]:
        """Every answer by its name."""
        return {name: self.answer(name) for name in ALL}

    def body(self) -> dict[str, Any]:
        """The Deployment's fields as plain data, not validated."""
        full = self.resolved
        found: dict[str, Any] = {"id": self.id, "region": self.zone.strip().rpartition("-")[0]}
        for name, question in ALL.items():
            if not question.place:
                continue
            where = found if len(question.place) == 1 else found.setdefault(question.place[0], {})
            where[question.place[-1]] = _value(name, full.answer(name).strip())
        slices = found["slices"]
        capacity = slices.pop("capacity")  # a Deployment has a switch for each way instead
        slices["spot"], slices["flex_start"] = capacity == SPOT, capacity == FLEX_START
        slices["reservation"] = slices["reservation"] if capacity == RESERVATION else ""
        return found


def _value(name: str, typed: str) -> Any:
    if name in _LISTS:
        return tuple(_words(typed))
    if name in _SWITCHES:
        return typed == YES
    if name == "channel":
        return "" if typed == GKE_DEFAULT else typed
    if name == "extra_labels":
        pairs = (word.replace(":", "=", 1).partition("=") for word in _words(typed))
        return {key: value for key, _, value in pairs}
    return typed


def _words(typed: str) -> Iterable[str]:
    return (part for part in typed.replace(",", " ").split() if part)


def blank(project: str, taken: Collection[str] = (), kind: str = "tutorial") -> Draft:
    """The wizard's first draft: that preset's shape in that project."""
    return from_preset(Draft(id=naming.new_id(), project=project, taken=frozenset(taken)), kind)


def from_preset(draft: Draft, kind: str) -> Draft:
    """The preset's answers on all pages; the project, the id and the known names stay. Raises ValueError."""
    made = presets.preset(kind, "project-id", deployment_id=draft.id)
    found = of_deployment(made, draft.taken)
    return replace(found, preset=kind, project=draft.project, name="", bucket="")


def of_deployment(made: Deployment, taken: Collection[str] = ()) -> Draft:
    """The answers that lead to this deployment."""
    data = made.model_dump(mode="json")
    data["slices"]["capacity"] = made.slices.capacity.value
    answers: dict[str, Any] = {}
    for name, question in ALL.items():
        if question.place:
            value: Any = data
            for part in question.place:
                value = value[part]
            answers[name] = _typed(name, value)
    return Draft(id=made.id, taken=frozenset(taken), **answers)


def _typed(name: str, value: Any) -> str:
    if name in _LISTS:
        return " ".join(value)
    if name in _SWITCHES:
        return YES if value else NO
    if name == "channel":
        return str(value) or GKE_DEFAULT
    if name == "extra_labels":
        return " ".join(f"{key}={text}" for key, text in value.items())
    return str(value)


def unfinished(draft: Draft, page: int, at: float) -> Unfinished | None:
    """What is worth keeping of a setup on that page at `at` (epoch seconds), or None while nothing was answered."""
    fresh = replace(from_preset(draft, "tutorial"), project=draft.project)
    if page == 0 and draft.answers == fresh.answers:
        return None
    return Unfinished(draft.id, tuple(draft.answers.items()), page, at)


def restored(kept: Unfinished, taken: Collection[str] = ()) -> Draft:
    """The draft that was kept; answers to questions that are asked no more are left out."""
    legal = re.fullmatch(r"[a-z][a-z0-9]{5,11}", kept.id)
    found: dict[str, Any] = {
        name: value
        for name, value in kept.answers
        if name in ALL and (not ALL[name].options or value in ALL[name].options)
    }
    return Draft(id=kept.id if legal else naming.new_id(), taken=frozenset(taken), **found)


def with_model(draft: Draft, path: str) -> Draft:
    """Another model class, and with it what it cannot do without: its release's images, topology, checkpoint."""
    known = sax_models.find(path)
    draft = draft.put("model_path", path)
    if known is not None and not known.in_release(draft.release):
        images = presets.images_of(known.since)
        draft = replace(draft, admin_image=images.admin, model_image=images.model, http_image=images.http)
    return fitting(draft)


def fitting(draft: Draft) -> Draft:
    """The draft with a topology its model class can run on, where there is one, and a checkpoint that suits it."""
    known = sax_models.find(draft.model_path)
    shapes = tpus.topologies(draft.generation)
    legal = [shape for shape in shapes if known is None or shape.chips in known.chips]
    if draft.topology not in {shape.topology for shape in legal} and (legal or shapes):
        draft = draft.put("topology", (legal or list(shapes))[0].topology)
    if known is not None and known.test_mode:
        draft = draft.put("checkpoint", "None")
    zones = tpus.zones(draft.generation)
    return draft if draft.zone in zones or not zones else draft.put("zone", zones[0])


def _usual_name(path: str) -> str:
    if path == TUTORIAL_MODEL:
        return "spmd-175b"
    return "smoke" if path == presets.SMOKE_MODEL else naming.from_class(path)


def default_bucket(project: str, identity: str, preset: str = "tutorial") -> str:
    """The bucket's default name; without a project a stand-in that is legal."""
    return presets.bucket(preset, project or "project", identity)


def check(draft: Draft) -> tuple[Any, Mapping[str, str]]:
    """(Deployment, {}) when every answer is good, else (None, a sentence for each bad field). Milliseconds."""
    from pydantic import ValidationError

    wrong = _arithmetic(draft)
    if draft.resolved.name in draft.taken:
        wrong["name"] = "a saved deployment has this name"
    if draft.capacity == RESERVATION and not draft.reservation.strip():
        wrong["reservation"] = "capacity reservation needs the reservation's name"
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


def _arithmetic(draft: Draft) -> dict[str, str]:
    """What is wrong with the numbers that only the sizing uses."""
    said = {"cache_gb": "a number of GB, 0 or more", "headroom": "a number of percent, 0 or more",
            "params_b": "billions of parameters, above 0, or blank"}  # fmt: skip
    return {
        name: said[name]
        for name in _NUMBERS
        if (value := draft.answer(name).strip()) or name != "params_b"
        if (number(value) or 0) < 0 or number(value) is None or (name == "params_b" and not number(value))
    }


def number(typed: str) -> float | None:
    """A plain number below a million, or None."""
    try:
        found = float(typed)
    except ValueError:
        return None
    return found if -1e6 < found < 1e6 else None


def _field(place: tuple[str, ...], said: str) -> str:
    for name, question in ALL.items():
        if question.place and place[: len(question.place)] == question.place:
            return name
    for word, name in (("checkpoint", "checkpoint"), ("other_zones", "other_zones"), ("replicas", "replicas"),
                       ("placement_policy", "placement_policy")):  # fmt: skip
        if word in said:
            return name
    if "comes with Sax" in said:
        return "model_path"
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
    "version": "a GKE version such as 1.32 or 1.32.1-gke.1357001",
    "jobset": "a release such as v0.8.2",
    "network": "a name, or a path such as projects/P/global/networks/N",
    "subnetwork": "a name, or a path such as projects/P/regions/R/subnetworks/S",
    "reservation": "a name, or projects/OWNER/reservations/NAME",
    "ttl": "a time such as 90m, 8h or 2d; nothing = no end",
    "extra_labels": "key=value in lower-case letters, digits, - and _, a letter first in the key",
}


def fields_of_draft() -> frozenset[str]:
    """Names of all fields of a Draft, for the tests that keep PAGES and Draft together."""
    return frozenset(item.name for item in fields(Draft)) - {"id", "taken"}


def zones_for(generation: str) -> tuple[str, ...]:
    """Zones the catalogue knows the generation in; empty for an unknown generation."""
    return tpus.zones(generation) if generation in tpus.generations() else ()
