"""What the header says and what gives way when it is narrow. Pure; widgets/status_header.py only draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saxtui.console.sessions import Live, Sessions
    from saxtui.engine.store import State
    from saxtui.present.spend import Meter

_GAP = "   "
PAUSED = "paused"
"""In place of a count of slices: some are at zero hosts."""
_BEATS = 10
"""Of the canary's strip; Models has a longer one."""


@dataclass(frozen=True, slots=True)
class Header:
    """The facts of the line; "" leaves a piece out. `fresh_role` is a colour role."""

    name: str = ""
    project: str = ""
    zone: str = ""
    emulated: str = ""
    exposure: str = ""
    slices: str = ""
    serving: str = ""
    canary: str = ""
    canary_role: str = ""
    ends: str = ""
    ends_role: str = "dim"
    rate: str = ""
    spent: str = ""
    fresh: str = "starting"
    fresh_role: str = "wait"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the line in one colour role."""

    text: str
    role: str = ""


def layout(header: Header, width: int) -> list[Piece]:
    """The line for that width: the right end (cost, freshness) stays whole, the left gives way piece by piece."""
    right = _right(header)
    room = width - 1 - _length(right)
    for left in _lefts(header):
        if _length(left) + 2 <= room:
            break
    else:
        left = _cut(left, max(0, room - 2))
    pad = Piece(" " * max(0, room - _length(left)))
    return [Piece(" "), *left, pad, *right]


def _right(header: Header) -> list[Piece]:
    cost = "  ".join(part for part in (header.rate, header.spent) if part)
    pieces = [Piece(cost + _GAP, "strong")] if cost else []
    return [*pieces, Piece(header.fresh, header.fresh_role), Piece(" ")]


def _lefts(header: Header) -> list[list[Piece]]:
    brand = Piece("saxtui", "accent")
    emulated = [Piece(f"EMULATED {header.emulated}", "warn")] if header.emulated else []
    short = [Piece(f"EMU {header.emulated}", "warn")] if header.emulated else []
    name = [Piece(header.name, "strong")] if header.name else []
    place = " / ".join(part for part in (header.project, header.zone) if part)
    far = [Piece(f"· {place}", "dim")] if place else []
    near = [Piece(f"· {header.zone}", "dim")] if header.zone else []
    exposure = [Piece(header.exposure, "warn" if header.exposure == "external" else "dim")] if header.exposure else []
    paused = header.slices == PAUSED
    slices = [Piece(f"{header.slices} slices", "warn" if paused else "")] if header.slices else []
    serving = [Piece(f"serving {header.serving}")] if header.serving else []
    beating = [*serving, *([Piece(header.canary, header.canary_role)] if header.canary else [])]
    far_end = [Piece(header.ends, header.ends_role)] if header.ends else []
    ends = far_end if header.ends_role != "dim" else []
    rows = [
        [brand, *_joined(name, far), *emulated, *exposure, *slices, *beating, *far_end],
        [brand, *_joined(name, near), *emulated, *exposure, *slices, *beating, *far_end],
        [brand, *name, *emulated, *exposure, *slices, *beating, *ends],
        [brand, *_joined(name, far), *emulated, *exposure, *slices, *serving, *ends],
        [brand, *_joined(name, near), *emulated, *exposure, *slices, *serving, *ends],
        [brand, *name, *emulated, *exposure, *slices, *serving, *ends],
        [brand, *name, *emulated, *slices, *serving, *ends],
        [brand, *name, *short, *beating, *ends],
        [brand, *name, *short, *serving, *ends],
        [brand, *name, *short, *ends],
        [*name, *short, *ends],
    ]
    return [_spaced(row) for row in rows]


def _joined(name: list[Piece], place: list[Piece]) -> list[Piece]:
    """Name and place belong together: one blank between, not three."""
    return [Piece(f"{name[0].text} ", "strong"), *place] if name and place else name + place


def _spaced(row: list[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for piece in row:
        if out and not out[-1].text.endswith(" "):
            out.append(Piece("  " if len(out) == 1 else _GAP))
        out.append(piece)
    return out


def _cut(row: list[Piece], room: int) -> list[Piece]:
    text = row[0].text
    kept = row[1:]
    left = room - _length(kept)
    return [Piece(text[: max(0, left - 1)] + "…", row[0].role), *kept] if left > 1 else kept


def _length(row: list[Piece]) -> int:
    return sum(len(piece.text) for piece in row)


def of_sessions(sessions: Sessions, *, plain: bool = False) -> Header:
    """The header of the current deployment, or of all of them while none is open. `plain`: ASCII only."""
    emulated = sessions.runtime.surroundings.emulated if sessions.runtime else ""
    if sessions.current is not None:
        return _of_live(sessions.current, emulated, sessions.now(), plain=plain)
    if sessions.summaries is None:
        return Header(emulated=emulated, fresh="failed" if sessions.failed else "starting",
                      fresh_role="bad" if sessions.failed else "wait")  # fmt: skip
    from saxtui.present.spend import of_line, total

    cost = total(of_line(line) for line in sessions.summaries)
    count = len(sessions.summaries)
    named = f"{count} deployment{'' if count == 1 else 's'}" if count else ""
    return Header(name=named, emulated=emulated, rate=cost.rate_text, spent=_spent(cost),
                  fresh="from journals", fresh_role="dim")  # fmt: skip


def _of_live(live: Live, emulated: str, now: float, *, plain: bool) -> Header:
    from saxtui.model.term import seconds, term
    from saxtui.present.term import ROLE
    from saxtui.present.term import short as short_end

    wanted = live.session.deployment
    cost = live.cost(now)
    fresh, role = _freshness(live, now)
    marks, canary_role = _canary(live.state, plain=plain)
    ends = term(live.state.progress.until, now, seconds(wanted.ttl)) if cost.bills else None
    return Header(
        name=wanted.name,
        project=wanted.project,
        zone=wanted.zone,
        emulated=emulated,
        exposure=wanted.exposure.value,
        slices="" if _taken_down(live) else _slices(live.state, wanted.slices.count, wanted.slices.shape.hosts),
        serving=serving(live.state, wanted.model.id),
        canary=marks,
        canary_role=canary_role,
        ends=short_end(ends) if ends is not None else "",
        ends_role=ROLE[ends.state] if ends is not None else "dim",
        rate=cost.rate_text,
        spent=_spent(cost),
        fresh=fresh,
        fresh_role=role,
    )


def _spent(cost: Meter) -> str:
    return "spent unknown" if cost.spent is None else cost.spent_text


def _slices(state: State, count: int, hosts: int) -> str:
    if any(step.at_zero for step in state.progress.steps.values()):
        return PAUSED
    view = state.cluster.value
    if view is None:
        return ""
    known = (view.slices.get(index) for index in range(count))
    whole = sum(1 for pods in known if pods is not None and pods.running == len(pods.hosts) == hosts)
    return f"{whole}/{count}"


def serving(state: State, model: str) -> str:
    """ "1/2": replicas that can answer of those wanted; "" while the model is not published."""
    for status in state.models.value or ():
        if status.id == model:
            return f"{status.able}/{status.max_replicas}"
    return ""


def _canary(state: State, *, plain: bool) -> tuple[str, str]:
    """The canary's last beats, newest last, and their colour role."""
    if not state.beats.value:
        return "", ""
    from saxtui.present.canary import strip

    shown = strip(state.beats.value, _BEATS, plain=plain)
    return shown.marks, shown.role


def _taken_down(live: Live) -> bool:
    progress = live.state.progress
    return progress.kind == "down" and progress.outcome == "done"


def _freshness(live: Live, now: float) -> tuple[str, str]:
    from saxtui.model.cluster import Freshness
    from saxtui.present.times import clock
    from saxtui.present.words import age

    if live.read_only:
        return "read-only", "warn"
    if _taken_down(live):
        return "taken down", "dim"
    view = live.state.cluster.value
    if live.running and (view is None or view.freshness is not Freshness.LIVE):
        return f"{live.run_kind} running", "busy"
    if view is None:
        return ("offline", "bad") if live.state.cluster.error else ("not watched", "dim")
    match view.freshness:
        case Freshness.LIVE:
            return "live", "ok"
        case Freshness.STALE:
            return f"stale {age(now - view.seen)}", "warn"
        case Freshness.OFFLINE:
            return f"offline since {clock(view.seen)[:5]}", "bad"
    return "connecting", "wait"
