"""The log pane: a heading that says what is shown and how, the lines, and the prompt for search and filter."""

from __future__ import annotations

from collections.abc import Iterable

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from saxtui.console.widgets.log_view import LogView
from saxtui.console.widgets.rule_title import RuleTitle
from saxtui.model.cluster import LogLine


class LogPane(Vertical):
    """Heading, lines and find prompt. What is streamed into it is the screen's affair."""

    view = getters.query_one("#log-lines", LogView)
    _title = getters.query_one("#log-title", RuleTitle)
    _find = getters.query_one("#log-find", Input)

    def __init__(self, *, id: str | None = None, ascii_only: bool = False) -> None:
        super().__init__(id=id)
        self._ascii_only = ascii_only
        self._scope = "logs"
        self._said = ""
        self._filtering = False

    def compose(self) -> ComposeResult:
        yield RuleTitle("logs", id="log-title", ascii_only=self._ascii_only)
        yield LogView(id="log-lines", ascii_only=self._ascii_only)
        find = Input(id="log-find", compact=True)
        find.display = False
        yield find

    @property
    def heading(self) -> str:
        """The heading's words."""
        return self._title.text

    def start(self, scope: str, placeholder: str) -> None:
        """Forget what was shown; other streams begin under this heading."""
        self._scope, self._said = scope, ""
        self.view.placeholder = placeholder
        self.view.forget()
        self._retitle()

    def feed(self, lines: Iterable[LogLine]) -> None:
        """Take lines in; cheap, may be called for each line."""
        self.view.feed(lines)

    def say(self, said: str) -> None:
        """What is wrong with the stream ("" = nothing); shown in the heading and, without lines, in the pane."""
        if said != self._said:
            self._said = said
            if said:
                self.view.placeholder = said
            self.view.refresh()
            self._retitle()

    # -- search and filter
    def ask_search(self) -> None:
        """Open the prompt for text to search."""
        self._ask(False, self.view.needle, "search: enter goes to the newest, then n and N; esc leaves")

    def ask_filter(self) -> None:
        """Open the prompt for text to filter by."""
        self._ask(True, self.view.rows.needle, "filter: only lines with this; empty shows all; esc leaves")

    def _ask(self, filtering: bool, value: str, placeholder: str) -> None:
        self._filtering = filtering
        find = self._find
        find.placeholder = placeholder
        find.value = value
        find.display = True
        find.focus()

    def close_prompt(self) -> bool:
        """Close the prompt; False when it was not open."""
        if not self._find.display:
            return False
        self._find.display = False
        self.view.focus()
        return True

    def clear_finds(self) -> bool:
        """Drop search, then filter; False when there was none."""
        if self.view.needle:
            self.view.search("")
            return True
        if self.view.rows.needle:
            self.view.filter("")
            return True
        return False

    @on(Input.Submitted, "#log-find")
    def _found(self, event: Input.Submitted) -> None:
        event.stop()
        self.close_prompt()
        if self._filtering:
            self.view.filter(event.value)
        elif not self.view.search(event.value):
            self._retitle()

    @on(LogView.Changed)
    def _retitle(self) -> None:
        view = self.view
        parts = [f"{len(view.buffer)} lines"]
        if view.rows.needle:
            parts.append(f"filter {view.rows.needle!r}: {view.rows.lines}")
        if view.needle:
            found = view.rows.count(view.needle)
            parts.append(f"/{view.needle} {found} found" if found else f"/{view.needle} not found")
        parts.append("follow" if view.following else "held, f follows")
        if view.wrapped:
            parts.append("wrap")
        parts.append(f"{view.buffer.dropped} left the view" if view.buffer.dropped else "0 dropped")
        left = self._scope + (f" · {self._said}" if self._said and len(view.buffer) else "")
        self._title.show(left, " · ".join(parts))
