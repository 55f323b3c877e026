"""One pod whole: what it is, what its containers do, what was told of it, and the node under it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from saxtui.model.chips import Chips, HostChips
from saxtui.model.cluster import ClusterView, Pod
from saxtui.model.phases import Phases, of
from saxtui.model.workloads import Condition, Container, Ending, Node
from saxtui.present import chips as present_chips
from saxtui.present.pods import sign_of
from saxtui.present.times import clock
from saxtui.present.words import HOST, age

_EVENTS = 30


@dataclass(frozen=True, slots=True)
class Fact:
    """A line: its label, its text, and a role where it says well or ill."""

    label: str
    text: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts under a heading. `said` stands in place of them when there are none."""

    title: str
    facts: tuple[Fact, ...] = ()
    said: str = ""


def sections(
    view: ClusterView, pod: Pod, phases: Phases | None, now: float, chips: Chips | None = None
) -> tuple[Section, ...]:
    """Everything the picture holds of a pod; what may not be seen says so."""
    return (
        Section("pod", tuple(_pod(view, pod, phases, now))),
        *((_metrics((chips or {}).get(pod.uid), now),) if pod.chips else ()),
        Section("containers", tuple(fact for item in pod.states for fact in _container(item, now)), "none has begun"),
        Section("conditions", tuple(_condition(item, now) for item in pod.conditions), "none yet"),
        _events(view, pod, now),
        _node(view, pod, now),
    )


def _pod(view: ClusterView, pod: Pod, phases: Phases | None, now: float) -> list[Fact]:
    sign, process = sign_of(pod, phases or {}), of(pod, phases)
    place = f"slice {pod.slice} host {pod.host}" + (", the slice's primary" if pod.primary else "")
    jobset = view.jobset
    restarts = f"{jobset.restarts} of {jobset.max_restarts} used, {max(0, jobset.max_restarts - jobset.restarts)} left"
    facts = [
        Fact("state", pod.status, HOST[pod.state].role),
        Fact("process", process.words, sign.role),
        Fact("proof", process.line),
        Fact("why", pod.message),
        Fact("place", place if pod.slice >= 0 else ""),
        Fact("restarts", str(pod.restarts), "warn" if pod.restarts else ""),
        Fact("age", age(now - pod.created) if pod.created else ""),
        Fact("namespace", pod.namespace),
        Fact("address", pod.pod_ip),
        Fact("job", pod.job),
        Fact(
            "jobset", f"{pod.jobset}: restarts {restarts}" if pod.jobset and jobset.name == pod.jobset else pod.jobset
        ),
        Fact("chips", f"{pod.chips} asked for" if pod.chips else ""),
        Fact("uid", pod.uid),
    ]
    return [fact for fact in facts if fact.text]


def _metrics(found: HostChips | None, now: float) -> Section:
    if found is None:
        return Section("TPU", said="metrics are not read yet")
    facts = tuple(Fact(*row) for row in present_chips.rows(found, now))
    return Section("TPU", facts, f"{present_chips.NO_METRIC}: {found.said}")


def _container(found: Container, now: float) -> list[Fact]:
    if found.running:
        since = f" for {age(now - found.since)}" if found.since else ""
        state = Fact(
            found.name, f"running{since}, {'ready' if found.ready else 'not ready'}", "ok" if found.ready else "busy"
        )
    elif found.ended is not None:
        state = Fact(found.name, _ending(found.ended), "bad" if found.ended.code else "dim")
    else:
        said = f"{found.waiting or 'waiting'}{': ' + found.message if found.message else ''}"
        state = Fact(found.name, said, "warn" if found.message else "wait")
    facts = [state, Fact("image", found.image), Fact("restarts", str(found.restarts), "warn" if found.restarts else "")]
    if found.last is not None:
        facts.append(Fact("before", _ending(found.last), "bad" if found.last.code else ""))
    return [fact for fact in facts if fact.text]


def _ending(found: Ending) -> str:
    """ "OOMKilled, exit code 137, at 14:02:11: words"."""
    parts = [found.reason, f"exit code {found.code}", f"signal {found.signal}" if found.signal else "",
             f"at {clock(found.at)}" if found.at else ""]  # fmt: skip
    return ", ".join(part for part in parts if part) + (f": {found.message}" if found.message else "")


def _condition(found: Condition, now: float) -> Fact:
    words = ["yes" if found.true else "no", f"for {age(now - found.since)}" if found.since else "", found.reason]
    text = "  ".join(word for word in words if word) + (f": {found.message}" if found.message else "")
    return Fact(found.type, text, "ok" if found.true else "warn")


def _events(view: ClusterView, pod: Pod, now: float) -> Section:
    if "Event" in view.hidden:
        return Section("events", said=f"may not be seen: {view.hidden['Event']}")
    told = [event for event in view.events if event.kind == "Pod" and event.name == pod.name][-_EVENTS:]
    facts = tuple(
        Fact(
            f"{age(now - event.at)} ago",
            f"{event.reason}{f' x{event.count}' if event.count > 1 else ''}: {event.message}",
            "warn" if event.warning else "",
        )
        for event in reversed(told)
    )
    return Section("events", facts, "none is kept: Kubernetes forgets them after an hour")


def _node(view: ClusterView, pod: Pod, now: float) -> Section:
    if not pod.node:
        return Section("node", said="none yet: no node was found for it")
    node = next((node for node in view.nodes.values() if node.name == pod.node), None)
    if node is None:
        reason = view.hidden.get("Node", "it is gone, or no node of a pool")
        return Section("node", (Fact("name", pod.node),) if pod.node else (), reason)
    facts = [
        Fact("name", node.name),
        Fact("ready", "yes" if node.ready else "no", "ok" if node.ready else "bad"),
        Fact("machine", f"{node.machine}{', spot' if node.spot else ''}"),
        Fact("zone", node.zone),
        Fact("pool", node.pool),
        Fact("tpu", _tpu(node)),
        Fact("marked", "no new pods (cordoned)" if node.cordoned else "", "warn"),
        Fact("taints", ", ".join(node.taints)),
        Fact("kubelet", node.version),
        Fact("age", age(now - node.created) if node.created else ""),
        *(_condition(item, now) for item in node.conditions if _tells(item)),
    ]
    return Section(f"node {node.name}", tuple(fact for fact in facts if fact.text))


def _tpu(node: Node) -> str:
    words = [
        f"{node.chips} chips allocatable" if node.chips else "no chips allocatable",
        node.accelerator,
        node.topology,
    ]
    return "  ".join(word for word in words if word) if node.accelerator or node.chips else ""


def _tells(found: Condition) -> bool:
    """A node that is well says nothing: Ready is shown apart, the pressures only when they press."""
    return found.type != "Ready" and found.true


def as_text(found: tuple[Section, ...]) -> str:
    """All of it as plain lines, for the clipboard."""
    lines: list[str] = []
    for section in found:
        lines += [section.title, *(f"  {fact.label}: {fact.text}" for fact in section.facts)]
        if not section.facts and section.said:
            lines.append(f"  {section.said}")
    return "\n".join(lines)
