"""What the log pane's keys do, for every screen that shows one as `screen.pane` fed by `screen.stream`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saxtui.console.commands import Command
from saxtui.console.log_level import LOUD
from saxtui.console.log_save import file_name, write_lines
from saxtui.model.log_batch import epoch_of, stamp_of
from saxtui.present.log_moment import read_jump
from saxtui.present.log_pattern import LogPattern

if TYPE_CHECKING:
    from saxtui.console.widgets.log_pane import LogPane


def _toggle(name: str) -> Any:
    def run(screen: Any) -> None:
        view = screen.pane.view
        setattr(view, name, not getattr(view, name))

    return run


def _hunt(screen: Any, pattern: LogPattern | None, what: str, *, backwards: bool) -> None:
    screen.pane.view.hunt(
        pattern, lambda: screen.console.tell(f"{what} is nowhere in these lines"), backwards=backwards
    )


def _search_on(backwards: bool) -> Any:
    def run(screen: Any) -> None:
        needle = screen.pane.view.needle
        if needle:
            _hunt(screen, needle, str(needle), backwards=backwards)
        else:
            screen.console.tell("nothing searched yet: / asks for a text")

    return run


def _loud(backwards: bool) -> Any:
    return lambda screen: _hunt(screen, LOUD, "an error or a warning", backwards=backwards)


def _copy(screen: Any) -> None:
    """Put the line under the log's cursor on the clipboard (OSC 52)."""
    line = screen.pane.view.current
    if line is None:
        screen.console.tell("there is no log line to copy")
        return
    screen.console.copy_to_clipboard(line.text)
    screen.console.tell("copied the log line")


def _ask_save(screen: Any) -> None:
    pane = screen.pane
    if len(pane.view.store):
        pane.ask("save", file_name(pane.scope, screen.console.sessions.now()))
    else:
        screen.console.tell("there are no log lines to save")


def answered(screen: Any, what: str, answer: str) -> None:
    """The prompt for a jump or for a file was answered."""
    if what == "save" and answer:
        screen.run_worker(_save(screen, Path(answer).expanduser()), description="save the log", exit_on_error=False)
    elif what == "jump" and answer:
        _jump(screen, answer)


def _jump(screen: Any, typed: str) -> None:
    view = screen.pane.view
    store = view.store
    newest = epoch_of(store.stamp(store.end - 1)) if len(store) else 0.0
    jump = read_jump(typed, newest)
    if jump is None:
        screen.console.tell(f"{typed!r} is no time: 14:02, 14:02:11, -5m, gap or error")
    elif jump.kind == "moment":
        view.go_to(store.at_or_after(stamp_of(jump.at)))
    else:
        _hunt(screen, LOUD if jump.kind == "error" else None, f"{jump.kind} mark", backwards=True)


async def _save(screen: Any, path: Path) -> None:
    store = screen.pane.view.store
    blocks, sources, first, dropped = store.blocks(), list(store.sources), store.first, store.dropped
    try:
        count = await asyncio.to_thread(write_lines, path, blocks, sources, first)
    except OSError as error:
        screen.console.tell(f"cannot write {path}: {error.strerror or error}", severity="error")
        return
    left = f"; {dropped:,} older lines had left the view and are not in it" if dropped else ""
    screen.console.tell(f"{count:,} lines written to {path}{left}")


def close_first(pane: LogPane) -> bool:
    """What esc closes before anything else: the prompt, the search, the filter. False when there was none."""
    return pane.close_prompt() or pane.clear_finds()


LOG_COMMANDS: tuple[Command, ...] = (
    Command("logs.follow", ("f",), "follow", "Stay at the newest line, or hold", _toggle("following")),
    Command("logs.fold", ("o",), "fold", "Equal lines of several hosts as one, so that the odd one stands out",
            _toggle("folded")),
    Command("logs.pause", ("space",), "pause", "Read no more for now, or go on", lambda s: s.stream.pause(),
            footer=False),
    Command("logs.wrap", ("W",), "wrap", "Long lines over several rows, or cut at the edge", _toggle("wrapped"),
            footer=False),
    Command("logs.times", ("t",), "times", "Show or hide each line's time", _toggle("times"), footer=False),
    Command("logs.brief", ("b",), "brief/raw", "Messages alone, or with the prefixes the servers write",
            _toggle("brief"), footer=False),
    Command("logs.next", ("n",), "next", "Next place of the searched text", _search_on(False), footer=False),
    Command("logs.previous", ("N",), "previous", "Place of the searched text before this one",
            _search_on(True), footer=False),
    Command("logs.error", ("e",), "error", "Next error or warning", _loud(False), footer=False),
    Command("logs.error_before", ("E",), "error before", "Error or warning before this line", _loud(True),
            footer=False),
    Command("logs.only", ("ampersand",), "only", "Show only log lines that hold a text, or match a regex",
            lambda s: s.pane.ask("filter"), footer=False),
    Command("logs.jump", ("J",), "jump", "Go to a time, a gap in the stream, or the last error",
            lambda s: s.pane.ask("jump"), footer=False),
    Command("logs.top", ("g",), "top", "First line of the log", lambda s: s.pane.view.action_top(), footer=False),
    Command("logs.end", ("G",), "end", "Last line of the log, and follow",
            lambda s: s.pane.view.action_bottom(), footer=False),
    Command("logs.copy", ("y",), "copy", "Copy the log line under the cursor", _copy, footer=False),
    Command("logs.save", ("S",), "save", "Write all lines held to a file", _ask_save, footer=False),
)  # fmt: skip
