"""What the log pane's keys do, for every screen that shows one as `screen.pane`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saxtui.console.commands import Command

if TYPE_CHECKING:
    from saxtui.console.widgets.log_pane import LogPane


def _toggle(name: str) -> Any:
    def run(screen: Any) -> None:
        view = screen.pane.view
        setattr(view, name, not getattr(view, name))

    return run


def _search_on(backwards: bool) -> Any:
    def run(screen: Any) -> None:
        view = screen.pane.view
        if not view.needle:
            screen.console.tell("nothing searched yet: / asks for a text")
        elif not view.find(backwards=backwards):
            screen.console.tell(f"{view.needle!r} is nowhere in these lines")

    return run


def _copy(screen: Any) -> None:
    """Put the line under the log's cursor on the clipboard (OSC 52)."""
    line = screen.pane.view.current
    if line is None:
        screen.console.tell("there is no log line to copy")
        return
    screen.console.copy_to_clipboard(line.text)
    screen.console.tell("copied the log line")


def close_first(pane: LogPane) -> bool:
    """What esc closes before anything else: the prompt, the search, the filter. False when there was none."""
    return pane.close_prompt() or pane.clear_finds()


LOG_COMMANDS: tuple[Command, ...] = (
    Command("logs.follow", ("f",), "follow", "Stay at the newest line, or hold", _toggle("following")),
    Command("logs.wrap", ("W",), "wrap", "Fold long lines", _toggle("wrapped"), footer=False),
    Command("logs.times", ("t",), "times", "Show or hide each line's time", _toggle("times"), footer=False),
    Command("logs.brief", ("b",), "brief/raw", "Messages alone, or with the prefixes the servers write",
            _toggle("brief"), footer=False),
    Command("logs.next", ("n",), "next", "Next place of the searched text", _search_on(False), footer=False),
    Command("logs.previous", ("N",), "previous", "Place of the searched text before this one",
            _search_on(True), footer=False),
    Command("logs.only", ("ampersand",), "only", "Show only log lines that hold a text",
            lambda s: s.pane.ask_filter(), footer=False),
    Command("logs.top", ("g",), "top", "First line of the log", lambda s: s.pane.view.action_top(), footer=False),
    Command("logs.end", ("G",), "end", "Last line of the log, and follow",
            lambda s: s.pane.view.action_bottom(), footer=False),
    Command("logs.copy", ("y",), "copy", "Copy the log line under the cursor", _copy, footer=False),
)  # fmt: skip
