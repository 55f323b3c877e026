import pytest

from saxtui.model.cluster import ClusterView, HostState, Pod
from saxtui.present import pods as present


def host(slice_index: int, index: int, state: HostState = HostState.RUNNING, **more: object) -> Pod:
    name = f"set-{slice_index}-{index}-abcde"
    status = "Running" if state is HostState.RUNNING else "Error"
    return Pod(
        uid=name, name=name, namespace="default", slice=slice_index, host=index, state=state, status=status,
        created=900.0, ready=1, containers=("server",), node=f"node-{index}", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def view(*pods: Pod) -> ClusterView:
    return ClusterView(pods={pod.uid: pod for pod in pods})


@pytest.mark.parametrize(
    ("topology", "hosts", "mesh"),
    [
        ("4x8", 8, (2, 4)),
        ("4x4", 4, (2, 2)),
        ("2x4", 2, (1, 2)),
        ("2x4", 1, (1, 1)),
        ("16x16", 64, (8, 8)),
        ("1x1", 1, (1, 1)),
        ("2x2x4", 4, (1, 4)),
        ("4x4x4", 16, (2, 8)),
        ("", 10, (2, 8)),
    ],
)
def test_host_mesh_holds_every_host(topology: str, hosts: int, mesh: tuple[int, int]) -> None:
    assert present.host_mesh(topology, hosts) == mesh
    assert mesh[0] * mesh[1] >= hosts


def test_rows_come_by_slice_and_host_then_the_others() -> None:
    admin = Pod(uid="a", name="admin-1", namespace="default", created=900.0)
    found = present.pod_rows(view(admin, host(1, 0), host(0, 10), host(0, 2)), now=1000.0)
    assert [row.name for row in found] == ["set-0-2-abcde", "set-0-10-abcde", "set-1-0-abcde", "admin-1"]
    assert [row.primary for row in found] == [False, False, True, False]
    assert (found[0].tag, found[-1].tag, found[0].age, found[0].ready) == ("0-2", "", "100s", "1/1")
    assert len(present.host_rows(view(admin, host(1, 0)), 1000.0)) == 1


def test_two_whole_slices() -> None:
    pods = [host(s, h) for s in range(2) for h in range(8)]
    grids = present.slice_grids(view(*pods), 1000.0, count=2, hosts=8, topology="4x8")
    assert [(g.index, g.rows, g.columns, len(g.cells), g.running) for g in grids] == [(0, 2, 4, 8, 8), (1, 2, 4, 8, 8)]
    assert [cell.host for cell in grids[0].cells if cell.primary] == [0]
    assert (grids[0].headline, grids[0].sign.word) == ("8/8 running", "running")


def test_a_missing_host_is_a_hole_and_the_worst_state_leads() -> None:
    pods = [host(0, h) for h in range(8) if h != 5]
    (grid,) = present.slice_grids(view(*pods), 1000.0, count=1, hosts=8, topology="4x8")
    assert grid.cells[5].pod is None
    assert (grid.headline, grid.sign.word) == ("7/8 running · absent: host 5", "absent")
    pods[0] = host(0, 0, HostState.FAILED)
    (grid,) = present.slice_grids(view(*pods), 1000.0, count=1, hosts=8, topology="4x8")
    assert grid.sign.word == "failed"
    assert grid.headline == "6/8 running · failed: host 0 · absent: host 5"


def test_slices_without_pods_are_there_and_unplanned_ones_too() -> None:
    grids = present.slice_grids(view(host(4, 0)), 1000.0, count=2, hosts=8, topology="4x8")
    assert [(g.index, g.sign.word) for g in grids] == [(0, "absent"), (1, "absent"), (4, "absent")]
    assert grids[0].headline == "0/8 running · absent: 8 hosts"


def test_more_pods_than_hosts_grow_the_grid() -> None:
    (grid,) = present.slice_grids(view(host(0, 9)), 1000.0, count=1, hosts=8, topology="4x8")
    assert (len(grid.cells), grid.rows * grid.columns >= 10) == (10, True)
