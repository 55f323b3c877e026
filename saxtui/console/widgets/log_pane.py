"""The log pane: a heading that says what is shown and how, the lines, and the prompt for search, filter, jump, save."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from saxtui.console.log_folding import FoldRows
from saxtui.console.widgets.log_view import LogView
from saxtui.console.widgets.rule_title import RuleTitle
from saxtui.model.log_batch import LogBatch
from saxtui.present.log_fold import ranges
from saxtui.present.log_pattern import LogPattern
from saxtui.present.words import age

_HINTS = {
    "search": "enter goes to the newest, then n and N; ^r regex, ^t case",
    "filter": "!text leaves out; ^r regex, ^t case; empty shows all",
    "jump": "14:02, 14:02:11, -5m, gap, error",
    "save": "the file to write all held lines to",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the heading; those with `drop` go where there is no room, the highest first."""

    text: str
    drop: int = 0


def _fitting(parts: list[_Part], width: int) -> str:
    kept = list(parts)
    while len(text := " · ".join(part.text for part in kept)) > width:
        least = max(kept, key=lambda part: part.drop)
        if not least.drop:
            break
        kept.remove(least)
    return text


class LogPane(Vertical):
    """Heading, lines and prompt. What is streamed into it is not its affair."""

    view = getters.query_one("#log-lines", LogView)
    _title = getters.query_one("#log-title", RuleTitle)
    _prompt = getters.query_one("#log-prompt", Horizontal)
    _asks = getters.query_one("#log-asks", Static)
    _find = getters.query_one("#log-find", Input)

    @dataclass
    class Asked(Message):
        """The prompt was answered: `what` is "jump" or "save". Search and filter are the pane's own."""

        what: str
        answer: str

    def __init__(self, *, id: str | None = None, ascii_only: bool = False) -> None:
        super().__init__(id=id)
        self._ascii_only = ascii_only
        self.scope = "logs"
        self.paused = False
        self._said = ""
        self._what = ""
        self._before = LogPattern()
        self._regex = self._case = False

    def compose(self) -> ComposeResult:
        yield RuleTitle("logs", id="log-title", ascii_only=self._ascii_only)
        yield LogView(id="log-lines", ascii_only=self._ascii_only)
        with Horizontal(id="log-prompt") as prompt:
            yield Static(id="log-asks", markup=False)
            yield Input(id="log-find", compact=True)
        prompt.display = False

    @property
    def heading(self) -> str:
        """The heading's words."""
        return self._title.text

    def start(self, scope: str, placeholder: str) -> None:
        """Forget what was shown; other streams begin under this heading."""
        self.scope, self._said, self.paused = scope, "", False
        self.view.placeholder = placeholder
        self.view.forget()
        self._retitle()

    def feed(self, batch: LogBatch) -> None:
        """Take lines in; cheap."""
        self.view.feed(batch)

    def say(self, said: str) -> None:
        """What is wrong with the stream ("" = nothing); shown in the heading and, without lines, in the pane."""
        if said != self._said:
            self._said = said
            if said:
                self.view.placeholder = said
            self.view.refresh()
            self._retitle()

    def pause(self, paused: bool) -> None:
        """Say that nothing is read, or that it is."""
        self.paused = paused
        self._retitle()

    # -- the prompt
    def ask(self, what: str, value: str | None = None) -> None:
        """Open the prompt for "search", "filter", "jump" or "save"."""
        self._what = what
        self._before = self.view.needle if what == "search" else self.view.pattern
        self._regex, self._case = self._before.regex, self._before.case
        find = self._find
        shown = value if value is not None else ("!" if self._before.absent else "") + self._before.text
        with find.prevent(Input.Changed):
            find.value = shown if what in ("search", "filter") or value is not None else ""
        find.placeholder = _HINTS[what]
        self._prompt.display = True
        self._label()
        find.focus()

    def close_prompt(self) -> bool:
        """Close the prompt, and take back what was typed; False when it was not open."""
        if not self._prompt.display:
            return False
        self._shut()
        if self._what == "filter" and self.view.pattern != self._before:
            self.view.filter(self._before)
        elif self._what == "search" and self.view.needle != self._before:
            self.view.search(self._before)
        return True

    def _shut(self) -> None:
        self._prompt.display = False
        self.view.focus()

    def clear_finds(self) -> bool:
        """Drop search, then filter; False when there was none."""
        if self.view.needle:
            self.view.search(LogPattern())
            return True
        if self.view.pattern:
            self.view.filter(LogPattern())
            return True
        return False

    def _label(self) -> None:
        words = [self._what]
        if self._what in ("search", "filter"):
            words += ["regex"] * self._regex + ["Aa"] * self._case
            fault = self._typed().fault
            if fault:
                words.append(f"not a regex: {fault}")
        self._asks.update(" ".join(words) + ":")

    def _typed(self) -> LogPattern:
        text = self._find.value
        absent = self._what == "filter" and text.startswith("!")
        return LogPattern(text[1:] if absent else text, self._regex, self._case, absent and len(text) > 1)

    @on(Input.Changed, "#log-find")
    def _typing(self, event: Input.Changed | None = None) -> None:
        """A filter shows its newest lines while it is typed; a search marks its places."""
        if event is not None:
            event.stop()
        if not self._prompt.display or self._what not in ("search", "filter"):
            return
        typed = self._typed()
        self._label()
        if not typed.fault:
            (self.view.filter if self._what == "filter" else self.view.search)(typed)

    def on_key(self, event: events.Key) -> None:
        """The prompt's switches."""
        if not self._prompt.display or event.key not in ("ctrl+r", "ctrl+t"):
            return
        event.stop()
        if event.key == "ctrl+r":
            self._regex = not self._regex
        else:
            self._case = not self._case
        self._typing()

    @on(Input.Submitted, "#log-find")
    def _answered(self, event: Input.Submitted) -> None:
        event.stop()
        if self._what in ("search", "filter") and self._typed().fault:
            return
        self._shut()
        if self._what == "search":
            if self.view.needle:
                self.view.hunt(self.view.needle, self._retitle, backwards=True, include=True)
        elif self._what in ("jump", "save"):
            self.post_message(self.Asked(self._what, event.value.strip()))

    # -- the heading
    @on(LogView.Changed)
    def _retitle(self) -> None:
        view, store = self.view, self.view.store
        parts = [_Part(f"{len(store):,} lines", 2)]
        if view.folded:
            parts.append(_Part(f"folded to {len(view.rows):,}", 3))
        if view.pattern:
            more = "" if view.rows.done else "+"
            parts.append(_Part(f"filter {view.pattern}" + ("" if view.folded else f": {len(view.rows):,}{more}")))
        if view.needle and view.found is not None:
            count = len(view.found)
            more = "" if view.found.done else "+"
            said = f"search {view.needle}: {count:,}{more} found" if count or more else f"{view.needle} not found"
            parts.append(_Part(said))
        parts.append(
            _Part("paused, space goes on" if self.paused else "follow" if view.following else "held, f follows")
        )
        if view.wrapped:
            parts.append(_Part("wrap", 5))
        parts.append(_Part(f"{store.dropped:,} left the view") if store.dropped else _Part("0 dropped", 4))
        left = self.scope + (f" · {self._said}" if self._said and len(store) else "") + self._silent()
        self._title.show(left, _fitting(parts, self.size.width - min(len(left), 40) - 8))

    def _silent(self) -> str:
        """Which hosts have stopped speaking, where the folding knows it."""
        rows = self.view.rows
        if not isinstance(rows, FoldRows) or self.view.pattern:
            return ""
        silent = rows.fold.silent()
        if not silent:
            return ""
        seconds = min(seconds for _, seconds in silent)
        word = "host" if len(silent) == 1 else "hosts"
        return f" · {word} {ranges([host for host, _ in silent])} silent for {age(seconds)}"
