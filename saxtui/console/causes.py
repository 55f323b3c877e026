"""The key `w`: why something is red or grey, and doing what the answer proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from saxtui.console.commands import Command

if TYPE_CHECKING:
    from saxtui.console.app import ConsoleApp
    from saxtui.console.sessions import Live
    from saxtui.model.diagnosis import Action


def why_command(context: str) -> Command:
    """`w` on a screen. The screen may tell a narrower aim by `why_about()`: (slice, pod)."""
    return Command(f"{context}.why", ("w",), "why", "Why something is red or grey, and what to do", _ask, _no_why)


def _no_why(screen: Any) -> str:
    return "" if screen.session is not None else "open a deployment on Home first"


async def _ask(screen: Any) -> None:
    await ask(screen.console, screen.live, *screen.why_about())


async def ask(console: ConsoleApp, live: Live, slice_index: int = -1, pod: str = "") -> None:
    """Show the report, and do what the operator chose from it. Raises SaxtuiError."""
    from saxtui.console.modals.why import WhyModal

    console.sessions.watch(live)
    action = await console.push_screen_wait(WhyModal(live, console.glyphs, slice_index, pod))
    if action is not None:
        await do(console, live, action)


async def do(console: ConsoleApp, live: Live, action: Action) -> None:
    """One proposed deed; what stops something asks for the name first. Raises SaxtuiError."""
    from saxtui.model.diagnosis import Deed

    if live.read_only:
        console.tell("another saxtui holds this deployment: it can only be looked at here", "warning")
        return
    if live.running:
        console.tell(f"{live.run_kind} is at work: p pauses it", "warning")
        return
    match action.deed:
        case Deed.MEND:
            if await _consent(console, f"Recreate the JobSet of {live.name}?", action, live.name, "Recreate"):
                console.sessions.mend(live)
                console.go("provision")
        case Deed.UNPUBLISH:
            if await _consent(console, f"Unpublish {action.target}?", action, action.target, "Unpublish"):
                await live.session.unpublish(action.target)
                console.tell(f"{action.target} is unpublished")


async def _consent(console: ConsoleApp, title: str, action: Action, typed: str, yes: str) -> bool:
    from saxtui.console.modals.confirm import ConfirmModal

    text = Content("\n").join([Content(action.said), Content.styled(action.outage, "$text-warning")])
    modal = ConfirmModal(title, text, yes=yes, typed=typed, danger=True)
    agreed: bool = await console.push_screen_wait(modal)
    return agreed
