"""Events of a run as lines: one event, one line, readable without the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from saxtui.model import events as ev
from saxtui.present.times import clock, moment
from saxtui.present.words import duration


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `role` is a colour role of present/words.py."""

    time: str
    step: str
    word: str
    text: str
    role: str


def row(event: ev.Event, zone: tzinfo | None = None) -> EventRow:
    """The event as time, step, word and text."""
    word, text, role = _say(event)
    return EventRow(clock(event.at, zone), event.step, word, text, role)


def _say(event: ev.Event) -> tuple[str, str, str]:
    match event:
        case ev.RunStarted(kind=kind, steps=steps):
            return "begin", f"{kind}, {len(steps)} steps", "dim"
        case ev.RunFinished(kind=kind, outcome=outcome, said=said):
            role = {"done": "ok", "failed": "bad", "doubt": "doubt"}.get(outcome, "warn")
            return outcome, f"{kind} {outcome}" + (f": {said}" if said else ""), role
        case ev.StepStarted():
            return "start", "", "busy"
        case ev.StepDone(said=said):
            return "done", said, "ok"
        case ev.StepFailed(problem=problem):
            return "failed", problem.one_line(), "bad"
        case ev.Doubt(said=said):
            return "doubt", said, "doubt"
        case ev.TermSet(until=until):
            return "term", f"meant to live until {moment(until)}; nothing is deleted by itself", "dim"
        case ev.Progress(said=said) | ev.Note(said=said):
            return ("wait" if isinstance(event, ev.Progress) else "note"), said, "dim"
        case ev.ModelPublished(model=model, path=path, replicas=replicas):
            return "publish", f"{model} ({path.rpartition('.')[2]}) on {replicas} slices", "ok"
        case ev.ModelUnpublished(model=model):
            return "unpublish", model, "dim"
        case ev.ModelLoaded(model=model, seconds=seconds):
            return "loaded", f"{model} on slice {event.slice} in {duration(seconds)}", "ok"
        case ev.ModelAnswered(model=model, seconds=seconds):
            return "answered", f"{model} for the first time, in {seconds:.1f} s", "ok"
    return _say_resource(event)


def _say_resource(event: ev.Event) -> tuple[str, str, str]:
    match event:
        case ev.Intent(kind=kind, resource=resource):
            return "intent", _name(kind, resource), "dim"
        case ev.Sent(method=method, target=target, command=command):
            return "sent", f"{method} {target}" + (f"   {command}" if command else ""), "dim"
        case ev.OperationSeen(operation=operation):
            return "operation", operation, "dim"
        case ev.Owned(kind=kind, resource=resource, created=created):
            return ("created" if created else "ours"), _name(kind, resource), "ok"
        case ev.Adopted(kind=kind, resource=resource):
            return "adopted", _name(kind, resource), "warn"
        case ev.Foreign(kind=kind, resource=resource, said=said):
            return "not ours", _name(kind, resource) + (f": {said}" if said else ""), "warn"
        case ev.Resizing(kind=kind, resource=resource, hosts=hosts):
            return "resize", f"{_name(kind, resource)} to {hosts} hosts", "busy"
        case ev.Resized(hosts=hosts, said=said):
            return ("at zero" if hosts == 0 else "resized"), said, "ok"
        case ev.Deleting(kind=kind, resource=resource):
            return "delete", _name(kind, resource), "busy"
        case ev.Gone(kind=kind, resource=resource, proof=proof):
            return "gone", f"{_name(kind, resource)}: {proof}", "ok"
    return event.type, "", "dim"


def _name(kind: str, resource: str) -> str:
    return f"{kind} {resource}".strip()
