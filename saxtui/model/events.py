"""What happened, as small frozen records.

The journal appends them, model.progress folds them, and the console, the command line and `--json` are three
renderings of the same stream. `at` is epoch seconds on the deployment's clock (the emulated one on the embedded cloud).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from saxtui.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base: when, in which run (an id of one `up` or `down`), on which step ("" for the run itself)."""

    type: ClassVar[str] = "event"
    durable: ClassVar[bool] = True
    at: float
    run: str
    step: str = ""

    def record(self) -> dict[str, Any]:
        """The event as JSON-able data, `type` first."""
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run began. `kind` is "up", "down", "pause", "resume", ...; `plan` the digest consent was given to."""

    type: ClassVar[str] = "run-started"
    kind: str
    plan: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """A run ended. `outcome`: done, failed, paused or doubt."""

    type: ClassVar[str] = "run-finished"
    kind: str
    outcome: str
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """Work on a step began (again, after a resume)."""

    type: ClassVar[str] = "step-started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Event):
    """About to create: durable before anything is sent. `body` is the SHA-256 of the request body."""

    type: ClassVar[str] = "intent"
    kind: str
    resource: str
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Event):
    """A mutating request went out. `command` is the equivalent gcloud or kubectl command."""

    type: ClassVar[str] = "sent"
    method: str
    target: str
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSeen(Event):
    """A long-running operation was named by an answer or found by its target."""

    type: ClassVar[str] = "operation"
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Event):
    """How a wait goes. `fraction` in 0..1 or None. Not durable: the next observation tells it again."""

    type: ClassVar[str] = "progress"
    durable: ClassVar[bool] = False
    said: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned(Event):
    """The resource exists and is ours. `created` False: it was there already, ours from an earlier run.

    `recovered`: known by its label alone, after the journal was lost.
    """

    type: ClassVar[str] = "owned"
    kind: str
    resource: str
    link: str = ""
    uid: str = ""
    created: bool = True
    recovered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign(Event):
    """The resource exists and is not ours: shown, asked about, never deleted."""

    type: ClassVar[str] = "foreign"
    kind: str
    resource: str
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Event):
    """The resource is somebody else's and is used on order; never deleted unless it is named."""

    type: ClassVar[str] = "adopted"
    kind: str
    resource: str
    uid: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt(Event):
    """Nobody knows yet whether the request took effect; it is reconciled before anything is sent again."""

    type: ClassVar[str] = "doubt"
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone(Event):
    """The step's goal holds. `said` is one line of what was found."""

    type: ClassVar[str] = "step-done"
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Event):
    """The step cannot go on by itself."""

    type: ClassVar[str] = "step-failed"
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleting(Event):
    """About to delete: durable before the request is sent. `uid` of what was seen there, "" when not known."""

    type: ClassVar[str] = "deleting"
    kind: str
    resource: str
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone(Event):
    """The resource is proved absent. `proof` says by which reads."""

    type: ClassVar[str] = "gone"
    kind: str
    resource: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resizing(Event):
    """About to give what is ours another size, in hosts: durable before the request is sent."""

    type: ClassVar[str] = "resizing"
    kind: str
    resource: str
    hosts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resized(Event):
    """What is ours has been seen with so many hosts: from 0 on it bills no more, from more on again."""

    type: ClassVar[str] = "resized"
    kind: str
    resource: str
    hosts: int
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermSet(Event):
    """Until when the deployment is meant to live, in epoch seconds; the labels in the cloud follow. `step` is ""."""

    type: ClassVar[str] = "term-set"
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    """A line for the operator that changes no state."""

    type: ClassVar[str] = "note"
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPublished(Event):
    """We published a model, or changed it. Outside of runs: `run` and `step` are ""."""

    type: ClassVar[str] = "model-published"
    model: str
    path: str
    checkpoint: str
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUnpublished(Event):
    """We took a model down."""

    type: ClassVar[str] = "model-unpublished"
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLoaded(Event):
    """A slice's log proves a load: `seconds` from its first line to its last, which came at `loaded`."""

    type: ClassVar[str] = "model-loaded"
    model: str
    path: str
    slice: int
    seconds: float
    loaded: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswered(Event):
    """A model answered, for the first time since the deployment came up; it took so many `seconds`."""

    type: ClassVar[str] = "model-answered"
    model: str
    seconds: float


ALL: tuple[type[Event], ...] = (
    RunStarted, RunFinished, StepStarted, Intent, Sent, OperationSeen, Progress, Owned, Foreign, Adopted, Doubt,
    StepDone, StepFailed, Deleting, Gone, Resizing, Resized, TermSet, Note,
    ModelPublished, ModelUnpublished, ModelLoaded, ModelAnswered,
)  # fmt: skip
_BY_TYPE = {cls.type: cls for cls in ALL}


def from_record(record: dict[str, Any]) -> Event:
    """The event a journal row holds. Raises ValueError for a type this version does not know."""
    cls = _BY_TYPE.get(str(record.get("type")))
    if cls is None:
        raise ValueError(f"unknown event type {record.get('type')!r}")
    names = {f.name for f in fields(cls)}
    data = {key: value for key, value in record.items() if key in names}
    if cls is StepFailed:
        raw = dict(data["problem"])
        raw["details"] = tuple(raw.get("details", ()))
        data["problem"] = Problem(**raw)
    if cls is RunStarted:
        data["steps"] = tuple(data.get("steps", ()))
    return cls(**data)
