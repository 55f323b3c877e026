"""The question on the way out: what runs and what bills while saxtui is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from saxtui.console.modals.confirm import ConfirmModal

if TYPE_CHECKING:
    from saxtui.console.app import ConsoleApp


class LeaveModal(ConfirmModal):
    """Shown only when something runs or bills."""


async def ask_to_leave(app: ConsoleApp) -> bool:
    """True at once when nothing runs or bills, or when asked a second time; otherwise the operator's answer."""
    if isinstance(app.screen, LeaveModal):
        return True
    running, billing = app.sessions.running, app.sessions.billing()
    if not running and not billing:
        return True
    lines = [Content(f"{live.run_kind} of {live.name} is at work: it stops, and goes on with r.") for live in running]
    for name, cost in billing:
        lines.append(Content.assemble((f"{name} ", "bold"), "goes on billing ", (cost.rate_text, "$text-warning bold")))
    lines.append(Content("Nothing is deleted by leaving. `saxtui down -d NAME --yes` takes a deployment down."))
    text = Content("\n").join(lines)
    modal = LeaveModal("Leave saxtui?", text, yes="Leave", no="Stay")
    return await app.push_screen_wait(modal)
