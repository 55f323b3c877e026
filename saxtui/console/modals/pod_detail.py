"""One pod whole: facts that follow the store, its YAML, and the log of the container before the present one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.errors import SaxtuiError
from saxtui.present import pod_facts

if TYPE_CHECKING:
    from saxtui.engine.session import Session
    from saxtui.model.cluster import Pod

_LINES = 2000
_EVERY = 1.0  # real seconds between two looks at the store
_DIM = ROLE_STYLE["dim"]
_HINT = "d details · y yaml · p previous log · c copy · esc closes"


class PodModal(ModalScreen[None]):
    """`now` gives epoch seconds on the product's clock. Scrolls with the arrows, closes with esc."""

    CSS_PATH = sheet("modals.tcss")
    BINDINGS = [
        Binding("escape,q,enter", "dismiss", "close"),
        Binding("d", "show('facts')", "details"),
        Binding("y", "show('yaml')", "yaml"),
        Binding("p", "show('previous')", "previous log"),
        Binding("c", "copy", "copy"),
    ]

    _title = getters.query_one("#pod-title", Static)
    _body = getters.query_one("#pod-body", Static)
    _scroll = getters.query_one("#pod-scroll", VerticalScroll)

    def __init__(self, session: Session, pod: Pod, now: Callable[[], float]) -> None:
        super().__init__()
        self._session = session
        self._pod = pod
        self._now = now
        self._view = "facts"
        self._text = ""

    def compose(self) -> ComposeResult:
        """Title, what was asked for, the keys."""
        with Vertical(classes="dialog -large"):
            yield Static(id="pod-title", classes="dialog-title", markup=False)
            with VerticalScroll(id="pod-scroll", classes="dialog-scroll"):
                yield Static(id="pod-body")
            yield Static(_HINT, classes="muted", markup=False)

    def on_mount(self) -> None:
        """Show the facts, and go on as the store does."""
        self.action_show("facts")
        self._scroll.focus()
        self.set_interval(_EVERY, self._follow)

    def _follow(self) -> None:
        if self._view == "facts":
            self._facts()

    def action_show(self, view: str) -> None:
        """Details, YAML or the previous container's log."""
        self._view = view
        self._title.update(f"{self._pod.name}   {'' if view == 'facts' else view}")
        self._scroll.scroll_home(animate=False)
        if view == "facts":
            self._text = ""
            self._facts()
            return
        self._put("reading …", _DIM)
        read = self._yaml if view == "yaml" else self._previous
        self.run_worker(self._fetch(view, read), exclusive=True, exit_on_error=False)

    def _facts(self) -> None:
        state = self._session.store.state
        cluster = state.cluster.value
        if cluster is None:
            self._put("the cluster is not seen", _DIM)
            return
        gone = cluster.pods.get(self._pod.uid) is None
        self._pod = cluster.pods.get(self._pod.uid, self._pod)
        found = pod_facts.sections(cluster, self._pod, state.phases.value, self._now(), state.chips.value)
        text = pod_facts.as_text(found)
        if text == self._text:
            return
        self._text = text
        lines = [Content.styled("▲ this pod is gone; this is what was last known", ROLE_STYLE["warn"])] if gone else []
        for section in found:
            lines.append(Content.styled(f"{'' if not lines else chr(10)}{section.title}", "bold"))
            wide = max((len(fact.label) for fact in section.facts), default=0)
            for fact in section.facts:
                label = f"  {fact.label:<{wide}}  "
                lines.append(Content.assemble((label, _DIM), (fact.text, ROLE_STYLE[fact.role])))
            if not section.facts and section.said:
                lines.append(Content.styled(f"  {section.said}", _DIM))
        self._body.update(Content("\n").join(lines))

    async def _fetch(self, view: str, read: Callable[[], Awaitable[str]]) -> None:
        try:
            text = await read()
        except SaxtuiError as error:
            text = ""
            if view == self._view:
                self._put(error.problem.one_line(), ROLE_STYLE["warn"])
        if text and view == self._view:
            self._text = text
            self._put(text, "")

    async def _yaml(self) -> str:
        return await self._session.pod_yaml(self._pod.namespace, self._pod.name)

    async def _previous(self) -> str:
        from saxtui.engine.watching.logs import LogSelection

        if not self._pod.restarts:
            return "no container of this pod has ended: there is no log before the present one"
        selection = LogSelection(pod=self._pod.name, previous=True)
        lines: list[str] = []
        async with aclosing(self._session.log_batches(selection, tail=_LINES)) as batches:
            async for batch in batches:
                lines += [line.text for line in batch.lines()]
        return "\n".join(lines) or "the log of the container before is empty"

    def _put(self, text: str, style: str) -> None:
        self._body.update(Content.styled(text, style))

    def action_copy(self) -> None:
        """All that is shown goes to the clipboard (OSC 52)."""
        self.app.copy_to_clipboard(self._text)
        self.app.notify("copied", markup=False)
