"""From log lines to the truth ladder of a published model. Pure.

The HTTP server's `active_replicas` counts servers assigned, also while they load and after a load failed; only the
logs tell more. Line shapes are those of Saxml v1.1.0 (saxml/server/model_service_base.py, saxml/admin/mgr.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saxtui.model.cluster import ClusterView, HostState, LogLine
from saxtui.model.serving import Evidence, ReplicaTruth, Rung

_PRIMARY = (
    (Rung.FAILED, re.compile(r"Error occurred during loading: (?P<key>[^\s,]+)")),
    (Rung.FAILED, re.compile(r"Invalid load request\. model_key: (?P<key>[^\s,]+)")),
    (Rung.FAILED, re.compile(r"Internal error during loading\.* ?(?:model_key: )?(?P<key>/sax/[^\s,]+)?")),
    (Rung.LOADED, re.compile(r"Successfully loaded model for key: (?P<key>\S+)")),
    (Rung.LOADING, re.compile(r"Loading model for key: (?P<key>\S+)")),
    (Rung.NONE, re.compile(r"(?:Received unload|Unloading model|[Uu]nloaded model)(?: for key)?: (?P<key>\S+)")),
)
_ADMIN = (
    (Rung.FAILED, re.compile(r"Failed to load model (?P<key>\S+) onto server (?P<server>\S+)")),
    (Rung.ASSIGNED, re.compile(r"Loading model (?P<key>/\S+) onto server (?P<server>\S+)")),
    (Rung.NONE, re.compile(r"Unloading model (?P<key>\S+) from server (?P<server>\S+)")),
)
_ANSWER = re.compile(r"Received model_key (?P<key>\S+?),? .*method lm\.generate")


_LESS = frozenset({Rung.NONE, Rung.ASSIGNED, Rung.LOADING})
"""What the logs may prove where the status page can prove more."""
_SERVABLE = re.compile(r"\] Servable model (?P<path>\S+)")


@dataclass(frozen=True, slots=True)
class Told:
    """One line that says something about a model. `server` is the address an admin's line names, else ""."""

    key: str
    rung: Rung
    line: LogLine
    server: str = ""


def read_server(lines: Iterable[LogLine]) -> list[Told]:
    """What a model server's log tells. A key of "" stands for whichever model is loading."""
    return [told for line in lines if (told := told_by_server(line))]


def told_by_server(line: LogLine) -> Told | None:
    """What one line of a model server's log tells of a model; None for most."""
    if "oad" not in line.text and "model_key" not in line.text:
        return None
    return _first(_PRIMARY, line) or _answer(line)


def read_admin(lines: Iterable[LogLine]) -> list[Told]:
    """What the admin server's log tells."""
    return [told for line in lines if (told := _first(_ADMIN, line))]


def read_servable(lines: Iterable[LogLine]) -> list[str]:
    """The model classes a primary says it can serve, in its order."""
    return [match["path"] for line in lines if (match := _SERVABLE.search(line.text))]


def _first(patterns: Sequence[tuple[Rung, re.Pattern[str]]], line: LogLine) -> Told | None:
    for rung, pattern in patterns:
        match = pattern.search(line.text)
        if match:
            found = match.groupdict()
            return Told((found.get("key") or "").rstrip(".,"), rung, line, (found.get("server") or "").rstrip(".,"))
    return None


def _answer(line: LogLine) -> Told | None:
    match = _ANSWER.search(line.text)
    return Told(match["key"], Rung.ANSWERED, line) if match else None


def replica(
    model: str,
    slice_index: int,
    listed: Evidence,
    primary: Iterable[Told],
    admin: Iterable[Told],
    *,
    page: Iterable[Told] = (),
    not_before: float = 0.0,
    sure: bool = False,
) -> ReplicaTruth:
    """One slice's truth: the last word of its logs about this model, never below what /listcell proves.

    `admin` holds only the lines about this slice's server; lines before `not_before` (an unpublish we made) are of
    an earlier life. `page` is the admin's status page about this server: it counts where the logs prove less and say
    nothing newer, as when they were cut. `sure` says that /listcell counts every slice as assigned.
    """
    history = sorted(
        (told for told in (*primary, *admin) if told.key in (model, "") and told.line.at >= not_before),
        key=lambda told: (told.line.at, told.rung),
    )
    rung, trail = Rung.NONE, [listed]
    for told in history:
        rung, trail = _step(rung, trail, told, listed)
    last = max((told.line.at for told in history if told.rung is not Rung.ANSWERED), default=0.0)
    for told in page:
        if told.key == model and told.line.at > max(last, not_before) and rung in _LESS and told.rung is not rung:
            rung, trail = _step(rung, trail, told, listed)
    if rung is Rung.NONE:
        rung = listed.rung if sure or listed.rung < Rung.ASSIGNED else Rung.PUBLISHED
    return ReplicaTruth(slice_index, rung, tuple(trail), trail[-1].at)


def broken(view: ClusterView, index: int, hosts: int, loaded_at: float) -> str:
    """Why a slice that loaded a model at `loaded_at` cannot answer any more; "" while it is whole.

    Its hosts work in lock step: one that is gone, or that came anew after the load, leaves the others hanging.
    """
    found = view.hosts(index)
    if len(found) < hosts:
        return f"{len(found)} of {hosts} hosts are there"
    bad = next((pod for pod in found.values() if pod.state is not HostState.RUNNING), None)
    if bad is not None:
        return f"host {index}-{bad.host} is {bad.status}"
    new = next((pod for pod in found.values() if pod.created > loaded_at), None)
    if new is not None:
        return f"host {index}-{new.host} is newer than the load: the others wait for the old one"
    return ""


def holds(told: Iterable[Told], model: str) -> bool:
    """Whether a slice's own log says that it loads or has loaded the model, and not yet that it let go of it."""
    words = [item for item in told if item.key == model and item.rung is not Rung.ANSWERED]
    last = max(words, key=lambda item: item.line.at, default=None)
    return last is not None and last.rung in (Rung.LOADING, Rung.LOADED)


def _step(rung: Rung, trail: list[Evidence], told: Told, listed: Evidence) -> tuple[Rung, list[Evidence]]:
    found = Evidence(told.rung, told.line.pod, told.line.text, told.line.at)
    if told.rung is Rung.NONE:
        return Rung.NONE, [listed]
    if told.rung is Rung.ANSWERED:
        # Hosts log every request, a loading one too; only after "loaded" does it prove an answer.
        return (Rung.ANSWERED, [*trail, found]) if rung is Rung.LOADED else (rung, trail)
    if told.rung is Rung.ASSIGNED and rung in (Rung.LOADING, Rung.LOADED):
        return rung, trail
    if told.rung is Rung.FAILED and not told.key and rung is not Rung.LOADING:
        return rung, trail
    if told.rung in (Rung.LOADING, Rung.ASSIGNED) and rung is not Rung.ASSIGNED:
        trail = [listed]
    return told.rung, [*trail, found]
