import random

import pytest

from saxtui.catalog import tpus
from saxtui.model.cluster import ClusterView, HostState, Pod, SlicePods
from saxtui.model.phases import HostPhase, Phase, PhasesBySlice
from saxtui.present import pods as present
from saxtui.present.mesh import HostMesh, host_mesh


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
        ("4x8", 8, HostMesh(2, 4, 1, 2, 2)),
        ("4x4", 4, HostMesh(2, 2, 1, 2, 2)),
        ("2x4", 2, HostMesh(1, 2, 1, 2, 2)),
        ("2x4", 1, HostMesh(1, 1, 1, 2, 4)),
        ("16x16", 64, HostMesh(8, 8, 1, 2, 2)),
        ("1x1", 1, HostMesh(1, 1, 1, 1, 1)),
        ("2x2x1", 1, HostMesh(1, 1, 1, 2, 2)),
        ("2x2x4", 4, HostMesh(1, 1, 4, 2, 2)),
        ("4x4x4", 16, HostMesh(2, 2, 4, 2, 2)),
        ("", 10, HostMesh(2, 8)),
    ],
)
def test_host_mesh_holds_every_host(topology: str, hosts: int, mesh: HostMesh) -> None:
    assert host_mesh(topology, hosts) == mesh
    assert mesh.hosts >= hosts


def test_the_mesh_of_every_shape_of_the_catalogue_is_known() -> None:
    for generation in tpus.generations():
        for shape in tpus.topologies(generation):
            mesh = host_mesh(shape.topology, shape.hosts)
            assert mesh.hosts == shape.hosts, shape
            assert mesh.chip_rows * mesh.chip_columns == shape.chips_per_host, shape


def test_rows_come_by_slice_and_host_then_the_others() -> None:
    admin = Pod(uid="a", name="admin-1", namespace="default", created=900.0)
    found = present.pod_rows(view(admin, host(1, 0), host(0, 10), host(0, 2)), now=1000.0)
    assert [row.name for row in found] == ["set-0-2-abcde", "set-0-10-abcde", "set-1-0-abcde", "admin-1"]
    assert [row.primary for row in found] == [False, False, True, False]
    assert (found[0].tag, found[-1].tag, found[0].age, found[0].ready) == ("0-2", "", "100s", "1/1")


def test_two_whole_slices() -> None:
    pods = [host(s, h) for s in range(2) for h in range(8)]
    grids = present.slice_grids(view(*pods), count=2, hosts=8, topology="4x8")
    assert [(g.index, g.mesh.rows, g.mesh.columns, len(g.cells), g.running) for g in grids] == [
        (0, 2, 4, 8, 8),
        (1, 2, 4, 8, 8),
    ]
    assert [cell.host for cell in grids[0].cells if cell.primary] == [0]
    assert (grids[0].headline, grids[0].sign.word) == ("8/8 running", "running")


def test_a_missing_host_is_a_hole_and_the_worst_state_leads() -> None:
    pods = [host(0, h) for h in range(8) if h != 5]
    (grid,) = present.slice_grids(view(*pods), count=1, hosts=8, topology="4x8")
    assert grid.cells[5].pod is None
    assert (grid.headline, grid.sign.word) == ("7/8 running · absent: host 5", "attention")
    pods[0] = host(0, 0, HostState.FAILED)
    (grid,) = present.slice_grids(view(*pods), count=1, hosts=8, topology="4x8")
    assert grid.sign.word == "failed"
    assert grid.headline == "6/8 running · failed: host 0 · absent: host 5"


def test_slices_without_pods_are_there_and_unplanned_ones_too() -> None:
    grids = present.slice_grids(view(host(4, 0)), count=2, hosts=8, topology="4x8")
    assert [(g.index, g.sign.word) for g in grids] == [(0, "absent"), (1, "absent"), (4, "attention")]
    assert grids[0].headline == "0/8 running · absent: 8 hosts"


def test_more_pods_than_hosts_grow_the_grid() -> None:
    (grid,) = present.slice_grids(view(host(0, 9)), count=1, hosts=8, topology="4x8")
    assert (len(grid.cells), grid.mesh.hosts >= 10) == (10, True)


@pytest.mark.parametrize(
    ("phases", "headline", "word"),
    [
        ([Phase.JOINED] * 4, "4/4 joined", "joined"),
        ([Phase.SERVING] * 4, "4/4 serving", "serving"),
        ([Phase.LOADING] * 4, "4/4 loading", "loading"),
        ([Phase.LOADED, Phase.LOADED, Phase.LOADING, Phase.LOADED], "4/4 running · loading: host 2", "loading"),
        ([Phase.SERVING, Phase.WAITING, Phase.SERVING, Phase.SERVING], "4/4 running · waiting for peers: host 1",
         "waiting for peers"),
        ([Phase.FAILED, Phase.LOADED, Phase.LOADED, Phase.UNHEARD], "4/4 running · load failed: host 0",
         "load failed"),
    ],
)  # fmt: skip
def test_the_processes_phases_lead_where_they_are_known(phases: list[Phase], headline: str, word: str) -> None:
    pods = [host(0, h) for h in range(4)]
    known = {pod.uid: HostPhase(phase) for pod, phase in zip(pods, phases, strict=True)}
    (grid,) = present.slice_grids(view(*pods), count=1, hosts=4, topology="4x4", phases=known)
    assert (grid.headline, grid.sign.word) == (headline, word)


def test_a_row_tells_phase_and_zone() -> None:
    row = present.pod_row(host(0, 1), 1000.0, {"set-0-1-abcde": HostPhase(Phase.LOADING, "/sax/m")}, {"node-1": "z-a"})
    assert (row.doing, row.zone, row.sign.word, row.status) == ("loading /sax/m", "z-a", "loading", "Running")


@pytest.mark.parametrize("seed", range(40))
def test_the_worst_sign_is_the_one_the_whole_grid_would_show(seed: int) -> None:
    rng = random.Random(seed)
    states = rng.choice([[HostState.RUNNING], [HostState.RUNNING, HostState.FAILED, HostState.STARTING]])
    told = rng.choice([list(Phase), [Phase.UNHEARD, Phase.JOINED, Phase.SERVING]])
    pods = [host(0, index, rng.choice(states)) for index in range(5) if rng.random() < 0.95]
    heard = {pod.uid: HostPhase(rng.choice(told)) for pod in pods if rng.random() < 0.8}
    shown = view(*pods).slices.get(0, SlicePods(0))
    for phases in (heard, PhasesBySlice({0: heard, 1: {"x": HostPhase(Phase.FAILED)}}), {}, None):
        grid = present.slice_grid(shown, 5, host_mesh("4x5", 5), phases)
        assert present.worst_sign(shown, 5, phases) is grid.sign
