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
        console.sessions.up(live, plan)


async def take_down(console: ConsoleApp, live: Live) -> None:
    """Ask for the deployment's name, then start `down` and show it."""
    from saxtui.console.modals.confirm import ConfirmModal
    from saxtui.model.progress import Ownership

    if live.running:
        console.tell(f"{live.run_kind} is still at work: p pauses it", "warning")
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
