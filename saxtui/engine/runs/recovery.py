"""Rebuilds what is known of a deployment whose journal was lost: from its copy in the bucket, and by looking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.protocol.step import Observation, Presence, Step
from saxtui.model import events as ev
from saxtui.model.progress import Ownership

_SETTLED = frozenset({Ownership.OWNED, Ownership.DELETING})


@dataclass(frozen=True, slots=True)
class Recovered:
    """One step after a recovery. `said` tells what was found and why it is believed to be ours or not."""

    step: str
    resource: str
    ownership: str
    said: str


async def record(
    steps: Mapping[str, Step], seen: Mapping[str, Observation], recorder: Recorder
) -> tuple[Recovered, ...]:
    """Journal what was seen as a run of kind "recover"; sends nothing.

    Ours by label becomes OWNED, marked as recovered; not ours becomes FOREIGN. What the journal holds and nobody sees
    stays as it is: absence is for up and down to prove.
    """
    known = {name: recorder.progress.step(name) for name in steps}
    found = [name for name in steps if name in seen and _tells(seen[name], known[name].ownership)]
    await recorder.run_started("recover", tuple(found))
    for name in found:
        await _record(steps[name], seen[name], known[name].ownership, recorder)
    rows = tuple(_row(name, steps, seen, recorder) for name in steps if steps[name].owns)
    ours = sum(row.ownership == Ownership.OWNED.value for row in rows)
    said = f"{ours} of {len(rows)} resources found to be ours; go on with up or down"
    await recorder.run_finished("recover", "paused", said)
    return rows


def _tells(seen: Observation, known: Ownership) -> bool:
    if seen.presence in (Presence.OURS, Presence.LEAVING):
        return known is not Ownership.OWNED
    return seen.presence in (Presence.FOREIGN, Presence.KEPT) and known is not Ownership.FOREIGN


async def _record(step: Step, seen: Observation, known: Ownership, recorder: Recorder) -> None:
    at, run, kind = recorder.now(), recorder.run, step.kind.value
    if seen.presence in (Presence.OURS, Presence.LEAVING):
        await recorder.emit(
            ev.Owned(
                at=at, run=run, step=step.id, kind=kind, resource=step.resource, link=seen.link, uid=seen.uid,
                created=False, recovered=True,
            )
        )  # fmt: skip
        if seen.hosts == 0:
            await recorder.emit(
                ev.Resized(at=at, run=run, step=step.id, kind=kind, resource=step.resource, hosts=0, said=seen.said)
            )
        if known is Ownership.DELETING or seen.presence is Presence.LEAVING:
            await recorder.deleting(step)
        elif seen.ready:
            await recorder.done(step.id, seen.said)
    elif known not in _SETTLED:
        await recorder.foreign(step, seen.not_ours)


def _row(name: str, steps: Mapping[str, Step], seen: Mapping[str, Observation], recorder: Recorder) -> Recovered:
    ownership = recorder.progress.step(name).ownership
    look = seen.get(name)
    if look is None:
        said = "could not be looked at: what it is in does not answer"
    elif look.presence is Presence.ABSENT:
        said = "absent"
    else:
        said = look.said or look.presence.value
    return Recovered(name, steps[name].resource, ownership.value, said)


def newer(copy: Sequence[ev.Event], known: Sequence[ev.Event]) -> bool:
    """Whether the copy from the bucket tells more than the journal: it goes on where that ends."""
    return bool(copy) and (not known or copy[-1].at > known[-1].at)
