"""Where hosts stand, and the widget that paints them."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult

from saxtui.console.fleet import Fleet, Plan
from saxtui.console.grid_geometry import BoxLayout, Layout, Place, RunLayout, Zoom, best_zoom, layout_for
from saxtui.console.grid_painter import Painter
from saxtui.console.widgets.pod_grid import PodGrid
from saxtui.model.cluster import ClusterView, HostState
from saxtui.present.mesh import host_mesh
from tests.console.serving_fakes import pod, shown, slices, view


def boxes(topology: str, hosts: int, count: int, width: int, *, roomy: bool = True, chips: bool = False) -> BoxLayout:
    return BoxLayout(host_mesh(topology, hosts), hosts, count, width, roomy or chips, chips)


LAYOUTS: dict[str, Layout] = {
    f"{topology} of {hosts}, {count} slices, {width} wide, {kind}": layout
    for topology, hosts, count, width in (
        ("1x1", 1, 1, 80), ("4x8", 8, 2, 80), ("4x8", 8, 2, 120), ("16x16", 64, 2, 80), ("1x1", 1, 64, 80),
        ("16x16", 64, 64, 120), ("", 11, 3, 60), ("8x80", 160, 2, 40), ("4x4x4", 16, 2, 120), ("4x4x8", 32, 3, 60),
    )
    for kind, layout in (
        ("roomy", boxes(topology, hosts, count, width)),
        ("compact", boxes(topology, hosts, count, width, roomy=False)),
        ("chips", boxes(topology, hosts, count, width, chips=True)),
        ("rows", RunLayout(hosts, count, width, 34, lined=True)),
        ("fleet", RunLayout(hosts, count, width, 4)),
        ("slices", RunLayout(1, count, width, 4)),
    )
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_host_has_a_place_of_its_own(layout: BoxLayout | RunLayout) -> None:
    taken: dict[tuple[int, int], Place] = {}
    for slice_index in range(layout.count):
        for host in range(layout.hosts):
            place = Place(slice_index, host)
            box = layout.cell(place)
            assert box.x > 0 and box.x + box.width < max(layout.full_width + 1, layout.width + 1)
            assert 0 <= box.y < layout.height and box.y + box.height <= layout.height
            for x in range(box.x, box.x + box.width):
                for y in range(box.y, box.y + box.height):
                    assert taken.setdefault((x, y), place) == place
                    assert layout.hit(x, y) == place
            if isinstance(layout, BoxLayout):
                assert layout.hit(box.x - 1, box.y) is None, "borders hit nothing"
                heading = layout.heading(slice_index)
                assert layout.hit(box.x, heading.y) is None, "headings hit nothing"
    assert len(set(taken.values())) == layout.count * layout.hosts


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_arrows_reach_every_host_and_leave_by_the_way_they_came(layout: BoxLayout | RunLayout) -> None:
    seen, todo = {Place(0, 0)}, [Place(0, 0)]
    while todo:
        here = todo.pop()
        for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = layout.move(here, across, down)
            assert there == here or layout.move(there, -across, -down) == here
            if there not in seen:
                seen.add(there)
                todo.append(there)
    assert len(seen) == layout.count * layout.hosts


def test_it_is_roomy_only_when_everything_fits() -> None:
    assert BoxLayout.fitting(host_mesh("4x8", 8), 8, 2, 60, 10).roomy is False
    assert BoxLayout.fitting(host_mesh("4x8", 8), 8, 2, 60, 12).roomy
    assert BoxLayout.fitting(host_mesh("4x8", 8), 8, 2, 120, 18).per_row == 2


@pytest.mark.parametrize(
    ("topology", "hosts", "count", "size", "zoom"),
    [
        ("2x2", 1, 1, (120, 18), Zoom.HOSTS), ("4x8", 8, 2, (80, 10), Zoom.HOSTS), ("4x8", 8, 12, (120, 18), Zoom.ROWS),
        ("16x16", 64, 2, (80, 10), Zoom.ROWS), ("16x16", 64, 16, (120, 18), Zoom.ROWS),
        ("4x8", 8, 64, (80, 10), Zoom.FLEET), ("16x16", 64, 64, (120, 18), Zoom.SLICES),
    ],
)  # fmt: skip
def test_the_nearest_zoom_that_shows_everything(
    topology: str, hosts: int, count: int, size: tuple[int, int], zoom: Zoom
) -> None:
    assert best_zoom(host_mesh(topology, hosts), hosts, count, *size) is zoom


class GridApp(App[None]):
    CSS = "PodGrid { height: auto; }"

    def __init__(self, picture: ClusterView, count: int, topology: str, hosts: int, ascii_only: bool = False) -> None:
        super().__init__()
        self._ascii = ascii_only
        self._plan = Plan(count, hosts, topology, tuple(f"tpu{n}" for n in range(1, count + 1)))
        self.picture = picture
        self.chosen: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield PodGrid(id="grid", ascii_only=self._ascii)

    def on_mount(self) -> None:
        self.put(self.picture)
        self.query_one(PodGrid).focus()

    def put(self, picture: ClusterView) -> None:
        grid = self.query_one(PodGrid)
        grid.show(grid.fleet.update(picture.slices, self._plan, None))

    def on_pod_grid_selected(self, event: PodGrid.Selected) -> None:
        self.chosen.append((event.slice, event.host))


async def test_two_slices_stand_side_by_side_with_a_hole() -> None:
    app = GridApp(slices(holes=((1, 5),)), 2, "4x8", 8)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        lines = shown(app).split("\n")
        assert lines[0].startswith("slice 0 ● 8/8 running")
        assert "slice 1 ▲ 7/8 running · absent: host 5" in lines[0]
        assert "│0 ★ ● │1   ● │2   ● │3   ● │" in lines[2]
        assert "│4   ● │5 ··· │6   ● │7   ● │" in lines[4]


async def test_one_host_and_many() -> None:
    app = GridApp(slices(1, 1), 1, "2x2", 1)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "│0 ★ ● │" in shown(app)
    app = GridApp(slices(64, 64), 64, "16x16", 64)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("end")
        await pilot.pause()
        assert app.query_one(PodGrid).selected is not None
        assert app.query_one(PodGrid).selected[0] == 63  # type: ignore[index]
        grid = app.query_one(PodGrid)
        assert grid.zoom is Zoom.SLICES and "39 ● ● ●" in shown(app)
        for zoom, there in ((Zoom.FLEET, "63 ★●●●"), (Zoom.ROWS, "slice 63 ● 64/64"), (Zoom.HOSTS, "│62●│63●│")):
            assert grid.zoom_by(-1)
            await pilot.pause()
            assert grid.zoom is zoom and there in shown(app), shown(app)


async def test_ascii_only_uses_no_other_glyph() -> None:
    app = GridApp(slices(holes=((0, 1),)), 2, "4x8", 8, ascii_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert all(ord(char) < 128 or char in "·…" for char in shown(app)), shown(app)
        assert "|0 * * |" in shown(app)


async def test_keys_and_mouse_move_the_cursor() -> None:
    app = GridApp(slices(), 2, "4x8", 8)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("right", "right", "right", "right", "down")
        await pilot.pause()
        assert app.chosen[-1] == (1, 4), "the fifth column is the next slice's first"
        await pilot.press("left_square_bracket")
        await pilot.pause()
        assert app.chosen[-1] == (0, 4)
        await pilot.click(PodGrid, offset=(9, 2))
        await pilot.pause()
        assert app.chosen[-1] == (0, 1)


async def test_only_changed_cells_are_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = GridApp(slices(), 2, "4x8", 8)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        grid = app.query_one(PodGrid)
        painted = []
        monkeypatch.setattr(grid, "refresh", lambda *regions, **_more: painted.extend(regions))
        app.put(slices())
        assert painted == [], "the same picture paints nothing"
        others = [pod(s, h) for s in range(2) for h in range(8) if (s, h) not in {(0, 5), (0, 6)}]
        app.put(view(*others, pod(0, 5), pod(0, 6, state=HostState.FAILED)))
        assert [(region.width, region.height) for region in painted] == [(58, 1), (6, 1)]
        painted.clear()
        app.put(view(*others, *(pod(0, h, state=HostState.WAITING) for h in (5, 6))))
        assert [(region.width, region.height) for region in painted] == [(58, 1), (13, 1)], "a line, one region"


async def test_chips_stand_layer_by_layer() -> None:
    app = GridApp(slices(1, 16, holes=((0, 5),)), 1, "4x4x4", 16)
    async with app.run_test(size=(120, 40)) as pilot:
        grid = app.query_one(PodGrid)
        assert grid.zoom_by(-1) and grid.zoom is Zoom.CHIPS and not grid.zoom_by(-1)
        await pilot.pause()
        assert [line.rstrip() for line in shown(app).split("\n")[1:10]] == [
            "┌z=0────┬───────┐ ┌z=1────┬───────┐ ┌z=2────┬───────┐ ┌z=3────┬───────┐",
            "│0  ★ ● │1    ● │ │4    ● │5  ··· │ │8    ● │9    ● │ │12   ● │13   ● │",
            "│ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ · ·   │ │ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ ▪ ▪   │",
            "│ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ · ·   │ │ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ ▪ ▪   │",
            "├───────┼───────┤ ├───────┼───────┤ ├───────┼───────┤ ├───────┼───────┤",
            "│2    ● │3    ● │ │6    ● │7    ● │ │10   ● │11   ● │ │14   ● │15   ● │",
            "│ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ ▪ ▪   │",
            "│ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ ▪ ▪   │ │ ▪ ▪   │ ▪ ▪   │",
            "└───────┴───────┘ └───────┴───────┘ └───────┴───────┘ └───────┴───────┘",
        ]
        await pilot.press("right", "right", "down")
        await pilot.pause()
        assert app.chosen[-1] == (0, 6), "to the right of a layer stands the next"


async def test_a_fleet_in_rows_and_runs() -> None:
    app = GridApp(slices(12, 8, holes=((3, 5),)), 12, "4x8", 8)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert any(
            line.startswith("slice 3 ▲ 7/8 running · absent: host 5  4x8  tpu4") and line.endswith("★●●●●·●●")
            for line in shown(app).split("\n")
        ), shown(app)
        await pilot.press("down", "down", "down", "right")
        await pilot.pause()
        assert app.chosen[-1] == (3, 1)
        assert app.query_one(PodGrid).zoom_by(1)
        await pilot.pause()
        assert " 0 ★●●●●●●● ★●●●●●●● ★●●●●●●● ★●●●●·●●" in shown(app)
        await pilot.click(PodGrid, offset=(3 + 9, 0))
        await pilot.pause()
        assert app.chosen[-1] == (1, 0)


@pytest.mark.parametrize("zoom", list(Zoom))
@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_line_is_as_long_as_it_says(zoom: Zoom, ascii_only: bool) -> None:
    for topology, hosts, count, width in (
        ("4x8", 8, 5, 80),
        ("16x16", 64, 3, 120),
        ("4x4x8", 32, 2, 50),
        ("1x1", 1, 70, 40),
    ):
        fleet = Fleet()
        picture = slices(count, hosts, holes=((0, 0),)).slices
        fleet.update(picture, Plan(count, hosts, topology, ("a" * 60,)), None)
        layout = layout_for(zoom, fleet.mesh, hosts, count, width, 20)
        painter = Painter(fleet, layout, lambda *_names: Style(), ascii_only=ascii_only)
        for y in range(layout.height):
            line, length = painter.line(y, Place(0, 1), focused=True)
            assert Segment.get_line_length(line) == length, (topology, y, "".join(s.text for s in line))


async def test_the_scrollbar_covers_no_host() -> None:
    app = GridApp(slices(64, 64), 64, "16x16", 64)
    async with app.run_test(size=(100, 12)) as pilot:
        grid = app.query_one(PodGrid)
        while grid.zoom is not Zoom.ROWS:
            grid.zoom_by(-1)
        await pilot.pause()
        first = shown(app).split("\n")[0]
        assert first.count("●") == 64, first  # the slice's own sign, and all hosts but the primary, a star
        assert not grid.show_horizontal_scrollbar


def test_a_slice_is_headed_by_the_pool_its_pods_are_on() -> None:
    """After a restart slices may have changed places; before they have nodes there is only the plan."""
    fleet, plan = Fleet(), Plan(2, 1, "1x1", ("tpu1", "tpu2"))
    fleet.update(view(pod(0, 0, node="n2"), pod(1, 0, node="n1")).slices, plan, None)
    assert [fleet.title(place).words.split()[-1] for place in (0, 1)] == ["tpu1", "tpu2"]
    changed = fleet.update(
        view(pod(0, 0, node="n2"), pod(1, 0, node="n1")).slices, plan, None, pools={"n1": "tpu1", "n2": "tpu2"}
    )
    assert changed == {0, 1}
    assert [fleet.title(place).words.split()[-1] for place in (0, 1)] == ["tpu2", "tpu1"]
