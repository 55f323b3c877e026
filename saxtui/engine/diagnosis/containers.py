"""How hosts ended: killed, terminated, crashed, evicted. What is gone by now is known from the session's memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from saxtui.engine.diagnosis.case import HTTP, Case, Fallen, said_by, told_by
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.diagnosis import Action, Clue, Gravity
from saxtui.model.workloads import Ending

_SPELL = 1800.0
"""Seconds for which an ending is news, as long as its slice is not back."""
_SIGNALS = {139: "segmentation fault", 134: "abort", 136: "arithmetic fault", 132: "illegal instruction"}


def _ended(case: Case) -> list[Fallen]:
    """Hosts that ended badly and whose slice is not back: those still to be seen, and those remembered."""
    found = {item.uid: item for item in case.fallen if item.slice >= 0 and case.now - item.ending.at < _SPELL}
    for item in case.ended:
        lines = case.log(case.view.pods[item.uid])[-20:]
        found.setdefault(item.uid, replace(item, lines=lines))
    return [item for item in found.values() if not _back(case, item)]


def _back(case: Case, item: Fallen) -> bool:
    return (
        item.uid not in case.view.pods
        and case.settled(item.slice)
        and all(case.settled(index) for index in case.view.slice_indexes)
    )


def _kind(item: Fallen) -> str:
    if item.evicted:
        return "evicted"
    code, reason = item.ending.code, item.ending.reason
    if reason == "OOMKilled":
        return "memory"
    if code in _SIGNALS:
        return "fault"
    return {137: "killed", 143: "terminated"}.get(code, "error")


_SAID = {
    "memory": "killed for memory (exit 137, OOMKilled)",
    "killed": "killed (exit 137, SIGKILL from outside)",
    "terminated": "told to stop (exit 143, SIGTERM: maintenance, preemption or an eviction)",
    "evicted": "evicted by its kubelet",
}
_WAY = {
    "memory": "if it comes again, the host has too little memory for this model",
    "killed": "find who killed it: node events and the kubelet's log",
    "terminated": "see whether its node goes away",
    "evicted": "see what fills the node",
    "fault": "keep its last words: a fault in libtpu or XLA; try another image",
    "error": "read its last words",
}


def look(case: Case, kind: str) -> Iterator[Finding]:
    """Hosts that ended in that way; the first of a slice stands for the rest, which fell with it."""
    found = sorted((item for item in _ended(case) if _kind(item) == kind), key=lambda item: item.ending.at)
    if not found:
        return
    first = found[0]
    where = f"host {first.slice}-{first.host}"
    ending = first.ending
    said = _SAID.get(kind) or f"ended with exit code {ending.code}" + (
        f" ({_SIGNALS[ending.code]})" if kind == "fault" else ""
    )
    events = case.events("Evicted", "OOMKilling", name=first.pod)
    others = f", then {len(found) - 1} more" if len(found) > 1 else ""
    tail = [line for line in first.lines if line.text.strip()][-1:]
    yield Finding(
        f"{where} {said}{others}",
        (Clue(f"container of {first.pod}", _words(ending), ending.at),
         *((Clue(f"pod {first.pod}", first.evicted),) if first.evicted else ()),
         *(told_by(event) for event in events[-1:]),
         *(said_by(line) for line in tail)),
        Action(_WAY[kind], f"saxtui logs -d {case.name} {first.pod} --tail 50"),
        Gravity.WAITING,
        slices=frozenset(item.slice for item in found),
        pods=tuple(item.pod for item in found),
        since=ending.at,
    )  # fmt: skip


def _words(ending: Ending) -> str:
    signal = f", signal {ending.signal}" if ending.signal else ""
    return f"exit code {ending.code}{signal}: {ending.reason} {ending.message}".strip()


def http_crashing(case: Case) -> Iterator[Finding]:
    """The HTTP server ends again and again."""
    for pod in case.apps(HTTP):
        state = next((item for item in pod.states if item.waiting == "CrashLoopBackOff"), None)
        if state is not None:
            last = state.last
            yield Finding(
                f"the HTTP server crash-loops (exit code {last.code if last else '?'}, {pod.restarts} restarts)",
                (Clue(f"container of {pod.name}", f"CrashLoopBackOff: {state.message}", last.at if last else 0.0),
                 *(said_by(line) for line in case.log(pod)[-1:])),
                Action("read its last words", f"saxtui logs -d {case.name} {pod.name} --tail 20"),
                pods=(pod.name,),
            )  # fmt: skip


_NODES = ("node-terminating", "node-silent", "node-lost")
RULES = (
    Rule("exit-memory", "A host was killed for memory", partial(look, kind="memory"), ("node-pressure",)),
    Rule("exit-evicted", "A host was evicted", partial(look, kind="evicted"), ("node-pressure", *_NODES)),
    Rule("exit-killed", "A host was killed", partial(look, kind="killed"), _NODES),
    Rule("exit-terminated", "A host was told to stop", partial(look, kind="terminated"), _NODES),
    Rule("exit-fault", "A host's program faulted", partial(look, kind="fault")),
    Rule("exit-error", "A host's program failed", partial(look, kind="error")),
    Rule("http-crash-loop", "The HTTP server crash-loops", http_crashing),
)
