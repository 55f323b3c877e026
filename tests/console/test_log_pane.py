"""The log pane: follow, hold, filter, search, fold, and what its heading says."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input

from saxtui.console.styling import sheet
from saxtui.console.widgets.log_pane import LogPane
from saxtui.console.widgets.log_view import LogView
from saxtui.model.cluster import LogLine
from saxtui.model.log_batch import LogBatch
from saxtui.present.log_pattern import LogPattern
from tests.console.serving_fakes import shown, until


class PaneApp(App[None]):
    CSS_PATH = [sheet("base.tcss"), sheet("slices.tcss")]

    def compose(self) -> ComposeResult:
        yield LogPane(id="logs")

    @property
    def pane(self) -> LogPane:
        return self.query_one(LogPane)

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)


def lines(start: int, count: int, text: str = "I0905 22:09:56.7 1 a.py:1] step") -> list[LogLine]:
    return [LogLine("p", 1.7e9 + n, f"{text} {n}", 1, n % 8) for n in range(start, start + count)]


def first_line(app: PaneApp) -> str:
    return next(row for row in shown(app).split("\n") if "step" in row)


async def feed(pilot: Pilot[None], app: PaneApp, more: list[LogLine]) -> None:
    app.pane.feed(LogBatch.of(more))
    await until(pilot, lambda: not app.view._due and not app.view.busy, "the lines are laid out")
    await pilot.pause()


async def test_it_follows_until_the_reader_scrolls_up() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.start("logs: slice 1", "waiting for lines")
        await pilot.pause()
        assert "waiting for lines" in shown(app)
        await feed(pilot, app, lines(0, 100))
        assert "step 99" in shown(app)
        assert "logs: slice 1" in app.pane.heading and "100 lines · follow · 0 dropped" in app.pane.heading
        app.view.focus()
        await pilot.press("up")
        held = first_line(app)
        await feed(pilot, app, lines(100, 50))
        assert "held" in app.pane.heading
        assert "step 149" not in shown(app)
        assert first_line(app) == held, "new lines do not move what is read"
        await pilot.press("end")
        assert "step 149" in shown(app)


async def test_lines_that_leave_the_ring_are_counted_and_do_not_move_the_reader() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.view.store.capacity = 60
        await feed(pilot, app, lines(0, 60))
        app.view.focus()
        for _ in range(10):
            await pilot.press("up")
        top = first_line(app)
        await feed(pilot, app, lines(60, 20))
        assert "20 left the view" in app.pane.heading
        assert first_line(app) == top


async def test_search_marks_and_walks() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await feed(
            pilot, app, [*lines(0, 30), LogLine("p", 1.0, "E0905 22:10:00.1 1 b.py:2] HBM spent", 1, 5), *lines(30, 60)]
        )
        app.pane.ask("search")
        await pilot.press(*"hbm", "enter")
        await pilot.pause()
        assert app.view.current is not None and "HBM" in app.view.current.text
        assert "1-5 ✗ HBM spent" in shown(app)
        assert "search 'hbm': 1 found" in app.pane.heading
        app.pane.ask("search")
        app.pane.query_one(Input).value = "absent"
        await pilot.press("enter")
        await pilot.pause()
        assert "'absent' not found" in app.pane.heading
        assert app.pane.clear_finds() and not app.pane.clear_finds()


async def test_filter_shows_only_what_holds_the_text() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await feed(pilot, app, lines(0, 100))
        app.pane.ask("filter")
        await pilot.press(*"step 7", "enter")
        await pilot.pause()
        assert len(app.view.rows) == 11
        assert "step 6" not in shown(app)
        assert "filter 'step 7': 11" in app.pane.heading


async def test_fold_and_times() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await feed(pilot, app, [LogLine("p", 1.7e9, "long " * 40 + "END", 0, 0)])
        assert "END" not in shown(app) and "›" in shown(app)
        app.view.wrapped = True
        await pilot.pause()
        assert "END" in shown(app)
        assert ":13:20 0-0" in shown(app)
        app.view.times = False
        await pilot.pause()
        assert "END" in shown(app)
        assert ":13:20 0-0" not in shown(app)


async def test_brief_leaves_out_the_prefix_and_raw_shows_it() -> None:
    app = PaneApp()
    async with app.run_test(size=(120, 24)) as pilot:
        await feed(pilot, app, [LogLine("p", 1.7e9, "W1123 20:08:30.791335 1393 base.py:1762] warm", 0, 0)])
        assert "0-0 ▲ warm" in shown(app)
        app.view.brief = False
        await pilot.pause()
        assert "0-0 ▲ W1123 20:08:30.791335 1393 base.py:1762] warm" in shown(app)


async def test_a_line_that_goes_on_says_so_beside_the_scrollbar() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await feed(pilot, app, lines(0, 99, "step " * 20))
        assert first_line(app).endswith("›")
        app.view.focus()
        before = first_line(app)[16:]
        await pilot.press("right")
        assert first_line(app)[16:24] == before[8:16] and first_line(app).endswith("›")
        await pilot.press("left")
        assert first_line(app)[16:] == before
        app.view.scroll_to(x=500, animate=False)
        await pilot.pause()
        assert "1-0   ep step" in first_line(app)
        assert first_line(app).rstrip().endswith("step  88")


async def test_a_wrapped_line_is_laid_out_anew_when_its_prefix_comes_or_goes() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await feed(pilot, app, lines(0, 9, "I0905 22:09:56.7 1 a.py:1] " + "step " * 20))
        app.view.wrapped = True
        await pilot.pause()
        assert "a.py" not in shown(app)
        app.view.brief = False
        await pilot.pause()
        assert "I0905 22:09:56.7 1 a.py:1] step" in shown(app)
        app.view.brief, app.view.times = True, False
        await pilot.pause()
        rows = shown(app).split("\n")
        assert "a.py" not in shown(app) and "22:14" not in shown(app)
        assert max(len(row.rstrip()) for row in rows[1:]) >= 57, "the width that the times took is used"


async def test_hostile_text_is_not_markup() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await feed(pilot, app, [LogLine("p", 1.0, "[bold red]x[/] [@click=app.quit]y[/]", 0, 0)])
        assert "[bold red]x[/] [@click=app.quit]y[/]" in shown(app)


async def test_the_wheel_holds_and_the_end_follows_again() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await feed(pilot, app, lines(0, 100))
        app.view.scroll_relative(y=-5, animate=False, force=True)
        await pilot.pause()
        assert not app.view.following
        await feed(pilot, app, lines(100, 10))
        assert "step 109" not in shown(app)
        app.view.scroll_end(animate=False, force=True, immediate=True)
        await pilot.pause()
        assert app.view.following


async def test_a_pane_that_grows_or_shrinks_still_follows() -> None:
    """Zooming out in the grid above gives the log more rows: it was said to be held, and stood still."""
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await feed(pilot, app, lines(0, 100))
        for height in (36, 12, 24):
            await pilot.resize_terminal(80, height)
            await until(pilot, lambda height=height: app.view.size.height == height - 1, "it is laid out")  # type: ignore[misc]
            assert app.view.following and "step 99" in shown(app)
        await pilot.resize_terminal(80, 36)
        await feed(pilot, app, lines(100, 10))
        assert "follow" in app.pane.heading and "step 109" in shown(app)


async def test_another_log_may_be_chosen_while_one_is_read_far_up() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.start("logs: slice 1", "waiting for lines")
        await feed(pilot, app, lines(0, 200))
        app.view.action_top()
        await until(pilot, lambda: not app.view.following, "the reader is far up")
        app.pane.start("logs: 1-5", "waiting for lines")
        await until(pilot, lambda: "waiting for lines" in shown(app), "the new log is empty")
        assert app.view.following and len(app.view.store) == 0


async def test_the_end_of_a_wide_or_folded_line_can_be_reached() -> None:
    """A wide character takes two cells, and a fold says before the text which hosts said it."""
    app = PaneApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await feed(pilot, app, [LogLine("p", 1.7e9, "長い行" * 30 + "END", 1, 0)])
        app.view.scroll_to(x=500, animate=False)
        await until(pilot, lambda: "END" in shown(app), "the end of the wide line")
        app.view.forget()
        app.view.folded = True
        await feed(pilot, app, [LogLine("p", 1.7e9, "long " * 30 + "TAIL", 1, host) for host in range(4)])
        assert "all 4" in shown(app) and "TAIL" not in shown(app)
        app.view.scroll_to(x=500, animate=False)
        await until(pilot, lambda: "TAIL" in shown(app), "the end of the folded line")


async def test_a_key_after_the_wheel_goes_on_from_what_is_read() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await feed(pilot, app, lines(0, 100))
        app.view.focus()
        for _ in range(10):
            app.view.scroll_relative(y=-5, animate=False, force=True)
        await until(pilot, lambda: not app.view.following, "the reader scrolled")
        top = first_line(app)
        await pilot.press("up")
        assert first_line(app) == top
        app.view.scroll_relative(y=-50, animate=False, force=True)
        app.view.scroll_relative(y=30, animate=False, force=True)
        await until(pilot, lambda: first_line(app).endswith("step 30"), "scrolled down again")
        await pilot.press("down")
        assert first_line(app).endswith("step 30")


@pytest.mark.parametrize("after", [0, 9])
async def test_all_of_a_folded_line_that_is_taller_than_the_pane_can_be_read(after: int) -> None:
    words = [f"word{n:03}" for n in range(200)]
    app = PaneApp()
    async with app.run_test(size=(40, 8)) as pilot:
        app.view.wrapped = True
        await feed(pilot, app, [*lines(0, 9), LogLine("p", 1.7e9, "".join(words), 1, 0), *lines(10, after)])
        app.view.focus()

        def read() -> str:
            return "".join(row[16:39].strip() for row in shown(app).split("\n")[1:])

        for key, times in (("down", 90), ("pagedown", 20), ("up", 90), ("pageup", 20)):
            forwards = key.endswith("down")
            seen = ""
            for press in ("home" if forwards else "end", *[key] * times):
                await pilot.press(press)
                seen += read() + "\n"
            assert [word for word in words if word not in seen] == [], key
            assert app.view.following == forwards
            last = "step 0" if not forwards else "step 18" if after else "word199"
            assert last in seen


async def test_a_dropped_search_marks_nothing_any_more_in_folded_lines() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 12)) as pilot:
        app.view.wrapped = True
        await feed(pilot, app, lines(0, 30, "step " * 20))
        app.view.search(LogPattern("step"))
        await until(pilot, lambda: marked(app), "the search is marked")
        app.view.search(LogPattern())
        await pilot.pause()
        assert not marked(app)


def marked(app: PaneApp) -> bool:
    strips = app.view.render_lines(Region(0, 0, *app.view.size))
    match = app.view.get_visual_style("log-view--match").rich_style
    return any(segment.style == match for strip in strips for segment in strip)


async def test_the_bar_of_a_log_that_came_whole_and_is_quiet_stands_at_the_end() -> None:
    """It stood at the top, though the newest lines were shown, until the next one came."""
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        for title in ("logs: slice 1", "logs: 1-5"):
            app.pane.start(title, "waiting for lines")
            await until(pilot, lambda: "waiting for lines" in shown(app), "the new log is empty")
            await feed(pilot, app, lines(0, 100))
            await until(
                pilot, lambda: app.view.is_vertical_scroll_end and app.view.show_vertical_scrollbar, "it is laid out"
            )
            assert "step 99" in shown(app) and app.view.following
            assert app.view.vertical_scrollbar.position == app.view.max_scroll_y
