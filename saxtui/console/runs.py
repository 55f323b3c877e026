"""The conversations before a run: what would be done, what it costs, and the word that must be typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from saxtui.console.app import ConsoleApp
    from saxtui.console.sessions import Live


_WORTH = ("bucket", "cluster", "node-pool", "service-account")
_SHOWN = 5


async def resume(console: ConsoleApp, live: Live) -> None:
    """Observe and plan again, show what would be done, and start `up` when the operator agrees. Raises SaxtuiError."""
    from saxtui.console.modals.confirm import ConfirmModal
    from saxtui.present import plan as plan_words

    if live.running:
        console.tell(f"{live.run_kind} is at work already")
        return
    console.tell(f"observing what exists of {live.name}")
    plan = await live.session.plan()
    lines = [Content(plan_words.counts(plan)), Content(plan_words.times(plan)), Content(plan_words.price(plan))]
    lines += [Content(f"· {text}") for text in plan.consequences]
    modal = ConfirmModal(f"Bring up {live.name} in {plan.project}?", Content("\n").join(lines), yes="Go on")
    if plan_words.unchanged(plan) or await console.push_screen_wait(modal):
        progress = live.state.progress
        console.sessions.up(live, plan, "resume" if progress.paused or progress.kind == "pause" else "up")


async def pause(console: ConsoleApp, live: Live) -> None:
    """Say what stops and what goes on billing, then bring every slice to zero and show it."""
    from saxtui.console.modals.confirm import ConfirmModal
    from saxtui.model import cost
    from saxtui.present.spend import paused_meter

    wanted, progress, now = live.session.deployment, live.state.progress, console.sessions.now()
    stays = ", ".join(line.name for line in cost.lines(wanted) if not line.main)
    before, after = live.cost(now).rate_text, paused_meter(wanted, progress, now).rate_text
    lines = [
        Content(f"The model servers stop, and {wanted.slices.count} slices go to zero hosts: nothing answers then."),
        Content.assemble("Bills now: ", (before, "bold"), "   while paused: ", (after, "bold")),
        Content(f"Stays, and goes on billing: {stays}."),
        Content("r brings all back, and published models load again; whether the chips are free then cannot be known."),
    ]
    if await console.push_screen_wait(ConfirmModal(f"Pause {live.name}?", Content("\n").join(lines), yes="Pause")):
        console.sessions.pause(live)
        console.go("provision")


async def extend(console: ConsoleApp, live: Live) -> None:
    """Ask for how long, then move the end of its time to live. Raises SaxtuiError."""
    from saxtui.console.modals.extend import ExtendModal
    from saxtui.model.term import seconds, term
    from saxtui.present.term import sentence
    from saxtui.present.times import moment

    now, wanted = console.sessions.now(), live.session.deployment
    ends = term(live.state.progress.until, now, seconds(wanted.ttl))
    said = sentence(ends, wanted.name) if ends is not None else "it has no end so far"
    typed = await console.push_screen_wait(ExtendModal(live.name, said))
    if typed is not None:
        until = await live.session.extend(seconds(typed))
        console.tell(f"{live.name}: time to live until {moment(until)}")
        await console.sessions.refresh()


def no_pause(live: Live | None) -> str:
    """Why its slices cannot be let go now, or ""."""
    from saxtui.model.progress import Ownership

    if live is None:
        return "no deployment open"
    steps = [step for step in live.state.progress.steps.values() if step.id.startswith("pool/")]
    held = [step for step in steps if step.ownership in (Ownership.OWNED, Ownership.OPERATION, Ownership.UNKNOWN)]
    if not held:
        return "no slice of it exists"
    return "it is paused already: r resumes" if all(step.at_zero for step in held) else ""


async def choose(console: ConsoleApp, live: Live) -> None:
    """Offer the ways on from where the run stopped, and go the one that is taken. Raises SaxtuiError."""
    from saxtui.console.modals.choices import ChoicesModal

    key = await console.push_screen_wait(ChoicesModal(live.name, live.choices, live.cost(console.sessions.now())))
    if key is None:
        return
    kind, _, value = key.partition(":")
    if kind == "down":
        await take_down(console, live)
    elif kind == "pause":
        await pause(console, live)
    elif kind == "wait":
        console.sessions.wait_for_room(live, int(value))
    elif kind == "again":
        await resume(console, live)
    else:
        await _roll_back(console, live, key)


async def _roll_back(console: ConsoleApp, live: Live, key: str) -> None:
    """Delete what could not be made; where the choice changes the file too, save it and go on with the new one."""
    from saxtui.console.modals.confirm import ConfirmModal
    from saxtui.model.choices import apply_to, failed_pools

    deployment = live.session.deployment
    wanted = apply_to(deployment, key)
    failed = ", ".join(failed_pools(deployment, live.state.progress)) or "nothing"
    changes = next((choice.changes for choice in live.choices if choice.key == key), ())
    lines = [Content(f"Deleted and proved gone: {failed}. What else is up stays, and bills.")]
    lines += [Content(f"The deployment file changes: {field}: {old} becomes {new}") for field, old, new in changes]
    modal = ConfirmModal(f"Roll back {live.name}?", Content("\n").join(lines), yes="Go on", danger=True)
    if not await console.push_screen_wait(modal) or not await console.sessions.roll_back(live):
        return
    if wanted is not deployment:
        await resume(console, await console.sessions.change(live, wanted))


async def take_down(console: ConsoleApp, live: Live) -> None:
    """Ask for the deployment's name, then start `down` and show it."""
    from saxtui.console.modals.confirm import ConfirmModal
    from saxtui.model.progress import Ownership

    if live.running:
        console.tell(f"{live.run_kind} is still at work: p stops it", "warning")
        return
    steps = live.state.progress.steps.values()
    ours = [step for step in steps if step.ownership not in (Ownership.NONE, Ownership.FOREIGN, Ownership.GONE)]
    foreign = [step for step in steps if step.ownership is Ownership.FOREIGN]
    cost = live.cost(console.sessions.now())
    lines = [Content(f"Deleted and proved gone: {len(ours)} resources of ours, with everything in them.")]
    ours.sort(key=lambda step: _WORTH.index(step.kind) if step.kind in _WORTH else len(_WORTH))
    lines += [Content.styled(f"  {step.kind} {step.resource}"[:68], "$foreground 60%") for step in ours[:_SHOWN]]
    lines += [Content.styled(f"  and {len(ours) - _SHOWN} more", "$foreground 60%")] if len(ours) > _SHOWN else []
    lines += [Content(f"Left alone, not ours: {', '.join(step.resource for step in foreign)[:200]}")] if foreign else []
    lines.append(Content.assemble("Bills now: ", (cost.rate_text, "bold"), f"   spent so far: {cost.spent_text}"))
    modal = ConfirmModal(
        f"Take down {live.name}?", Content("\n").join(lines), yes="Take down", typed=live.name, danger=True
    )
    if await console.push_screen_wait(modal):
        console.sessions.down(live)
        console.go("provision")
