"""Programs for a pseudo-terminal: text goes through the gate and then through every sink saxtui writes text with.

Run as `python -m tests.stories.sinks FOLDER console|cli plain|hostile COUNT PART SINK`. Half of the COUNT lines are of
the grammar, half random. A sink is a widget class or a way of writing that the product uses; SINKS and WRITERS name all
of them, and test_sinks.py checks that no other kind is used.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count, islice, zip_longest
from pathlib import Path

from tests import hostile

BATCH = 30
"""Lines shown at once: they must all be in view, for what is not drawn proves nothing."""
MORE = {"static": 80, "content": 80, "text-area": 80, "log": 80, "confirm": 80, "problem": 60, "messages": 60}
"""Where more lines than that are in view at once."""
Feed = Callable[[Sequence[str]], Awaitable[None]]


def lines(kind: str, many: int, part: int) -> Iterator[str]:
    """What an adapter hands on; other lines for each part."""
    from saxtui.model.text import safe

    if kind == "plain":
        for number in range(many):
            yield f"plain words, number {number}"
        return
    for text in hostile.lines(11 + 2 * part, many // 2):
        yield safe(text)
    for text in hostile.random_lines(12 + 2 * part, many - many // 2):
        yield safe(text)


def batches(kind: str, many: int, part: int, sink: str) -> Iterator[list[str]]:
    """The same in handfuls."""
    left = lines(kind, many, part)
    while batch := list(islice(left, MORE.get(sink, BATCH))):
        yield batch


# -- the console's widgets
SINKS = (
    "static", "content", "label", "button", "input", "text-area", "select", "rows", "log", "chat", "rule", "field",
    "choice", "pods", "detail", "toast", "problem", "confirm", "messages",
)  # fmt: skip


def console(folder: Path, kind: str, many: int, part: int, sink: str) -> int:
    """The console itself, with one screen on top that holds nothing but the sink."""
    from rich.console import RenderableType
    from textual.containers import Vertical
    from textual.screen import Screen
    from textual.widget import Widget

    from tests.stories.pty_console import build

    app = build(folder, "home", "plain")

    out, written = app._display, asyncio.Event()

    def display(screen: Screen[object], frame: RenderableType | None) -> None:
        out(screen, frame)
        written.set()

    app._display = display  # type: ignore[method-assign]

    async def drawn() -> None:
        """The whole screen is laid out and written once more: a frame of before may have had half of it."""
        written.clear()
        app.screen.refresh(layout=True)
        await written.wait()

    async def feed_all(place: Widget) -> None:
        feed = _feeds(app, place, drawn)[sink]
        for batch in batches(kind, many, part, sink):
            await feed(batch)
            await drawn()

    class Bench(Screen[None]):
        CSS = "Vertical { height: auto } #place { height: 100% } #place * { max-width: 100% } \
SelectOverlay { max-height: 60 } \
.field { height: 2 } .field-label { width: 80 } PodDetail { height: 4 }"

        def compose(self) -> Iterator[Widget]:
            yield Vertical(id="place")

        async def on_mount(self) -> None:
            self.run_worker(self._work())

        async def _work(self) -> None:
            try:
                await feed_all(self.query_one("#place"))
                (folder / "fed").touch()
            finally:
                app.exit(return_code=0)

    app.call_later(app.push_screen, Bench())
    app.run()
    if app.crashed is not None:
        raise app.crashed
    return 0


def _feeds(app: object, place: object, drawn: Callable[[], Awaitable[None]]) -> dict[str, Feed]:
    """A way to show a batch for each of SINKS."""
    from dataclasses import replace
    from typing import Any, cast

    from textual.content import Content
    from textual.widgets import Button, Input, Label, Select, Static

    from saxtui.console.modals.confirm import ConfirmModal
    from saxtui.console.modals.messages import MessagesModal
    from saxtui.console.modals.problem import ProblemModal
    from saxtui.console.styling import Glyphs
    from saxtui.console.widgets.chat_log import ChatLog
    from saxtui.console.widgets.field import Choice, Field
    from saxtui.console.widgets.log_view import LogView
    from saxtui.console.widgets.pod_detail import PodDetail
    from saxtui.console.widgets.pod_table import PodTable
    from saxtui.console.widgets.prompt_box import PromptBox
    from saxtui.console.widgets.rows import Cell, Column, Row, Rows
    from saxtui.console.widgets.rule_title import RuleTitle
    from saxtui.errors import Problem
    from saxtui.model.cluster import JobSetStatus, LogLine
    from saxtui.model.conversation import Turn, TurnState
    from saxtui.model.log_batch import LogBatch
    from saxtui.model.serving import Candidate
    from saxtui.present.pods import pod_rows
    from tests.console import serving_fakes

    main, shown = cast(Any, app), cast(Any, place)
    glyphs = Glyphs(ascii_only=False)
    kept: dict[str, Any] = {}
    number_of = count()

    async def anew(*widgets: Any) -> None:
        await shown.remove_children()
        await shown.mount_all(widgets)

    async def once(name: str, make: Callable[[], Any]) -> Any:
        if name not in kept:
            kept[name] = make()
            await anew(kept[name])
        return kept[name]

    async def several(make: Callable[[], Any], batch: Sequence[str]) -> list[tuple[Any, str]]:
        """As many of the widget as there are lines in a batch, each with the line it is to show."""
        if "several" not in kept:
            kept["several"] = [make() for _ in batch]
            await anew(*kept["several"])
        return list(zip_longest(kept["several"], batch, fillvalue=""))

    async def static(batch: Sequence[str]) -> None:
        (await once("static", lambda: Static(markup=False))).update("\n".join(batch))

    async def content(batch: Sequence[str]) -> None:
        text = Content("\n").join(Content.styled(line, "bold") for line in batch)
        (await once("content", Static)).update(text)

    async def label(batch: Sequence[str]) -> None:
        for place, text in await several(lambda: Label(markup=False), batch):
            place.update(text)

    async def button(batch: Sequence[str]) -> None:
        for place, text in await several(lambda: Button(compact=True), batch):
            place.label = Content(text)

    async def input_(batch: Sequence[str]) -> None:
        for number, (place, text) in enumerate(await several(lambda: Input(compact=True), batch)):
            place.placeholder, place.value = text, text if number % 2 else ""

    async def text_area(batch: Sequence[str]) -> None:
        box = await once("box", PromptBox)
        box.styles.height = "100%"
        box.load_text("\n".join(batch))

    async def select(batch: Sequence[str]) -> None:
        choice = Select([(Content(text), number) for number, text in enumerate(batch)], value=0)
        await anew(choice)
        choice.expanded = True

    async def rows(batch: Sequence[str]) -> None:
        table = await once("rows", lambda: Rows((Column("name", width=100), Column("said", width=100))))
        table.styles.height = "100%"
        table.put([Row(str(n), (Cell(text), Cell(text, "bad"))) for n, text in enumerate(batch)])

    async def log(batch: Sequence[str]) -> None:
        view = await once("log", LogView)
        view.feed(LogBatch.of([LogLine("pod", serving_fakes.NOW + n, text, 0, 0) for n, text in enumerate(batch)]))
        view.flush()

    async def chat(batch: Sequence[str]) -> None:
        view = await once("chat", lambda: ChatLog(glyphs))
        half = len(batch) // 2
        reply = "\n".join(batch[half:])
        turns = [
            Turn(1, 1, "\n".join(batch[:half]), TurnState.ANSWERED, 0.0, candidates=(Candidate(reply, -1.0),)),
            Turn(2, 1, "again", TurnState.FAILED, 1.0, said=batch[0], partial="\n".join(batch), model=batch[-1]),
        ]
        view.show([], "model", 2.0)
        view.show(turns, batch[0], 2.0)

    async def rule(batch: Sequence[str]) -> None:
        for place, text in await several(RuleTitle, batch):
            place.show(text, text)

    async def field(batch: Sequence[str]) -> None:
        for number, (place, text) in enumerate(await several(lambda: Field(f"f{next(number_of)}", " "), batch)):
            place.query_one(".field-label", Static).update(text)
            inside = place.query_one(Input)
            inside.placeholder, inside.value = text, text if number % 2 else ""

    async def choice(batch: Sequence[str]) -> None:
        for place, text in await several(lambda: Choice(f"c{next(number_of)}", "", (), ""), batch):
            place._label, place._options = text, (text, "other")
            place.put(text)

    def pods(batch: Sequence[str]) -> Any:
        known = list(serving_fakes.slices().pods.values())
        changed = [
            replace(pod, name=text, status=text, message=text, node=text)
            for pod, text in zip(known * 2, batch, strict=False)
        ]
        return serving_fakes.view(*changed)

    async def table(batch: Sequence[str]) -> None:
        view = await once("pods", lambda: PodTable(glyphs))
        view.styles.height = "100%"
        view.show(pods(batch), None, {}, serving_fakes.NOW)

    async def detail(batch: Sequence[str]) -> None:
        shown_rows = dict(enumerate(pod_rows(pods(batch), serving_fakes.NOW)))
        for number, (place, text) in enumerate(await several(PodDetail, batch)):
            place.show(shown_rows.get(number), text, JobSetStatus(), None)

    async def toast(batch: Sequence[str]) -> None:
        main.clear_notifications()
        for start in range(0, len(batch), 3):
            main.tell("\n".join(batch[start : start + 3]))
        while not (there := main.screen.query("Toast")) or not all(toast.region for toast in there):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def modal(screen: Any) -> None:
        await main.push_screen(screen)
        await drawn()
        await main.pop_screen()

    def problem(batch: Sequence[str]) -> Problem:
        names = ("tried", "target", "said", "next_step", "code", "reason", "request_id", "command", "where")
        first = dict(zip(names, batch, strict=False))
        found: dict[str, Any] = {"tried": "t", "target": "t", "said": "s", **first}
        return Problem(**found, details=tuple(batch[len(names) :]))

    async def problems(batch: Sequence[str]) -> None:
        await modal(ProblemModal(problem(batch)))

    async def confirm(batch: Sequence[str]) -> None:
        await modal(ConfirmModal(batch[0], "\n".join(batch), yes=batch[-1], no=batch[1 % len(batch)], typed=batch[0]))

    async def messages(batch: Sequence[str]) -> None:
        await modal(MessagesModal([problem(batch), problem(batch[::-1])]))

    feeds = (static, content, label, button, input_, text_area, select, rows, log, chat, rule, field, choice, table,
             detail, toast, problems, confirm, messages)  # fmt: skip
    return dict(zip(SINKS, feeds, strict=True))


# -- the command line's writers
WRITERS = ("line", "table", "redrawn", "json", "problem", "usage")


def cli(_folder: Path, kind: str, many: int, part: int, writer: str) -> int:
    """Standard output and standard error as the commands use them."""
    from saxtui.cli.diagnostics import Diagnostics
    from saxtui.cli.output import Output
    from saxtui.errors import Problem

    diagnostics = Diagnostics(os.environ)
    out = Output(os.environ, diagnostics.note)
    out.as_json = writer == "json"
    for batch in batches(kind, many, part, writer):
        match writer:
            case "line":
                for text in batch:
                    out.line((text, "bad"))
                    diagnostics.note(text)
            case "table":
                out.table(("name", "said"), [(text, (text, "ok")) for text in batch])
            case "redrawn":
                with out.redrawn() as draw:
                    draw([[(text, "busy")] for text in batch])
            case "json":
                out.record("thing", items=batch)
            case "problem":
                for text in batch:
                    diagnostics.problem(Problem(text, text, text, text, text, text, details=(text,)))
            case "usage":
                for text in batch:
                    diagnostics.usage(text, text)
    return 0


def main() -> int:
    """FOLDER ROOM KIND COUNT PART SINK."""
    folder, room, kind, many, part, sink = sys.argv[1:7]
    return (console if room == "console" else cli)(Path(folder), kind, int(many), int(part), sink)


if __name__ == "__main__":
    sys.exit(main())
