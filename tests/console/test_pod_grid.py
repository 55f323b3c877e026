"""Where hosts stand, and the widget that paints them."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from saxtui.console.grid_geometry import GridLayout, Mesh, Place
from saxtui.console.pictures import titles
from saxtui.console.widgets.pod_grid import PodGrid
from saxtui.model.cluster import ClusterView, HostState
from saxtui.present.pods import slice_grids
from tests.console.serving_fakes import NOW, pod, shown, slices, view

SHAPES = [
    (Mesh(1, 1, 1), 1, 80), (Mesh(2, 4, 8), 2, 80), (Mesh(2, 4, 8), 2, 120), (Mesh(8, 8, 64), 2, 80),
    (Mesh(1, 1, 1), 64, 80), (Mesh(8, 8, 64), 64, 120), (Mesh(2, 8, 11), 3, 60), (Mesh(4, 40, 160), 2, 40),
]  # fmt: skip


@pytest.mark.parametrize(("mesh", "count", "width"), SHAPES)
@pytest.mark.parametrize("roomy", [True, False])
def test_every_host_has_a_place_of_its_own(mesh: Mesh, count: int, width: int, roomy: bool) -> None:
    plan = GridLayout(mesh, count, width, roomy)
    taken: dict[tuple[int, int], Place] = {}
    for slice_index in range(count):
        for host in range(mesh.hosts):
            place = Place(slice_index, host)
            box = plan.cell(place)
            assert box.x > 0 and box.x + box.width < max(plan.full_width + 1, width)
            assert 0 < box.y < plan.height
            for x in range(box.x, box.x + box.width):
                assert taken.setdefault((x, box.y), place) == place
                assert plan.hit(x, box.y) == place
            assert plan.hit(box.x - 1, box.y) is None, "borders hit nothing"
            assert plan.hit(box.x, plan.origin(slice_index)[1]) is None, "headings hit nothing"
    assert len(set(taken.values())) == count * mesh.hosts


@pytest.mark.parametrize(("mesh", "count", "width"), SHAPES)
def test_arrows_reach_every_host_and_leave_by_the_way_they_came(mesh: Mesh, count: int, width: int) -> None:
    plan = GridLayout(mesh, count, width, True)
    seen, todo = {Place(0, 0)}, [Place(0, 0)]
    while todo:
        here = todo.pop()
        for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = plan.move(here, across, down)
            assert there == here or plan.move(there, -across, -down) == here
            if there not in seen:
                seen.add(there)
                todo.append(there)
    assert len(seen) == count * mesh.hosts


def test_it_is_roomy_only_when_everything_fits() -> None:
    assert GridLayout.fitting(Mesh(2, 4, 8), 2, 80, 10).roomy
    assert not GridLayout.fitting(Mesh(8, 8, 64), 2, 80, 10).roomy
    assert GridLayout.fitting(Mesh(2, 4, 8), 2, 120, 18).per_row == 2


class GridApp(App[None]):
    CSS = "PodGrid { height: auto; }"

    def __init__(self, picture: ClusterView, count: int, topology: str, hosts: int, ascii_only: bool = False) -> None:
        super().__init__()
        self._ascii = ascii_only
        self._about = (count, topology, hosts)
        self.picture = picture
        self.chosen: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield PodGrid(id="grid", ascii_only=self._ascii)

    def on_mount(self) -> None:
        self.put(self.picture)
        self.query_one(PodGrid).focus()

    def put(self, picture: ClusterView) -> None:
        count, topology, hosts = self._about
        grids = slice_grids(picture, NOW, count=count, hosts=hosts, topology=topology)
        self.query_one(PodGrid).show(grids, titles(grids, topology, [f"tpu{n}" for n in range(1, count + 1)], ()))

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
        assert "│60●│61●│62●│63●│" in shown(app)


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
        others = [pod(s, h) for s in range(2) for h in range(8) if (s, h) != (0, 6)]
        app.put(view(*others, pod(0, 6, state=HostState.FAILED)))
        assert [(region.width, region.height) for region in painted] == [(grid._plan.pitch, 1), (6, 1)]
