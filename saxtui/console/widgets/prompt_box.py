"""The prompt editor: enter sends, ctrl+j or shift+enter breaks the line, up and down at the edges walk the history."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import TextArea


class PromptBox(TextArea):
    """Several lines of plain text. It never clears itself: who takes the prompt does, once it is safe."""

    @dataclass
    class Submitted(Message):
        """Enter was pressed on something that is not blank."""

        text: str

    def __init__(self, *, id: str | None = None, placeholder: str = "") -> None:
        super().__init__(id=id, compact=True, soft_wrap=True, placeholder=placeholder, highlight_cursor_line=False)
        self._history: list[str] = []
        self._at = 0
        self._draft = ""

    def remember(self, prompts: list[str]) -> None:
        """The prompts to walk with up and down, oldest first."""
        self._history = [text for n, text in enumerate(prompts) if n == 0 or prompts[n - 1] != text]
        self._at = len(self._history)

    def put(self, text: str) -> None:
        """Replace the text, cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def give_back(self, text: str) -> None:
        """Put a prompt back that was not answered, unless something new is being written."""
        if not self.text.strip():
            self.put(text)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            if self.text.strip():
                self.post_message(self.Submitted(self.text))
        elif event.key in ("ctrl+j", "shift+enter"):
            event.stop()
            event.prevent_default()
            self.insert("\n")
        else:
            await super()._on_key(event)

    def action_cursor_up(self, select: bool = False) -> None:
        """Up; on the first line, the prompt before."""
        if select or self.cursor_location[0] > 0 or not self._walk(-1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down; on the last line, the prompt after."""
        if select or self.cursor_location[0] < self.document.line_count - 1 or not self._walk(1):
            super().action_cursor_down(select)

    def _walk(self, step: int) -> bool:
        to = self._at + step
        if not 0 <= to <= len(self._history):
            return False
        if self._at == len(self._history):
            self._draft = self.text
        self._at = to
        self.put(self._draft if to == len(self._history) else self._history[to])
        return True
