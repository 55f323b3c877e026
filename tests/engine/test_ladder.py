"""From log lines to rungs: the last word counts, and nothing is lit without its own evidence."""

from __future__ import annotations

import pytest

from saxtui.engine.serving.ladder import broken, holds, read_admin, read_servable, read_server, replica
from saxtui.model.cluster import ClusterView, HostState, LogLine, Pod
from saxtui.model.serving import Evidence, ReplicaTruth, Rung

K = "/sax/test/spmd"
LISTED = Evidence(Rung.ASSIGNED, "GET /listcell", "active_replicas 2 of 2", 5.0)


def lines(*texts: str, start: float = 10.0, pod: str = "pod-0-0") -> list[LogLine]:
    return [LogLine(pod, start + number, f"I0905 22:09:56.7 1 x.py:1] {text}") for number, text in enumerate(texts)]


def judge(*texts: str, admin: tuple[str, ...] = (), listed: Evidence = LISTED, **more: float | bool) -> ReplicaTruth:
    told, said = read_server(lines(*texts)), read_admin(lines(*admin, start=9.0, pod="admin"))
    return replica(K, 0, listed, told, said, not_before=float(more.get("not_before", 0)), sure=bool(more.get("sure")))


@pytest.mark.parametrize(
    ("texts", "rung"),
    [
        ((f"Loading model for key: {K}",), Rung.LOADING),
        ((f"Loading model for key: {K}", "loading completed."), Rung.LOADING),
        ((f"Loading model for key: {K}", f"Successfully loaded model for key: {K}"), Rung.LOADED),
        ((f"Loading model for key: {K}", f"Error occurred during loading: {K}, error: oom"), Rung.FAILED),
        ((f"Loading model for key: {K}", f"Invalid load request. model_key: {K}, error: bad"), Rung.FAILED),
        ((f"Loading model for key: {K}", f"Internal error during loading. model_key: {K}, error: x"), Rung.FAILED),
        ((f"Loading model for key: {K}", "Internal error during loading..."), Rung.FAILED),
        (("Internal error during loading...",), Rung.PUBLISHED),
        ((f"Successfully loaded model for key: {K}x",), Rung.PUBLISHED),
        ((f"Successfully loaded model for key: {K}", f"Received unload: {K}"), Rung.PUBLISHED),
        ((f"Successfully loaded model for key: {K}", f"Successfully unloaded model for key: {K}"), Rung.PUBLISHED),
        (
            (f"Error occurred during loading: {K}, error: x", f"Received unload: {K}", f"Loading model for key: {K}"),
            Rung.LOADING,
        ),
        (
            (f"Successfully loaded model for key: {K}", f"Received model_key {K} method lm.generate, unpadded_shape 1"),
            Rung.ANSWERED,
        ),
        ((f"Loading model for key: {K}", f"Received model_key {K} method lm.generate"), Rung.LOADING),
    ],
)
def test_rung_by_the_slices_own_log(texts: tuple[str, ...], rung: Rung) -> None:
    assert judge(*texts).rung is rung


def test_each_rung_keeps_its_line_and_time() -> None:
    truth = judge(f"Loading model for key: {K}", f"Successfully loaded model for key: {K}")
    assert [item.rung for item in truth.evidence] == [Rung.ASSIGNED, Rung.LOADING, Rung.LOADED]
    assert truth.evidence[-1].source == "pod-0-0"
    assert "Successfully loaded" in truth.evidence[-1].line
    assert truth.since == 11.0


def test_assignment_is_known_by_slice_only_from_the_admin_or_when_all_are_assigned() -> None:
    assert judge().rung is Rung.PUBLISHED
    assert judge(sure=True).rung is Rung.ASSIGNED
    assert judge(admin=(f"Loading model {K} onto server 10.0.0.5:10001 with overrides",)).rung is Rung.ASSIGNED
    assert judge(admin=(f"Failed to load model {K} onto server 10.0.0.5:10001",)).rung is Rung.FAILED


def test_server_address_is_read_from_the_admins_line() -> None:
    (told,) = read_admin(lines(f"Loading model {K} onto server 10.0.0.5:10001 with overrides"))
    assert (told.key, told.server) == (K, "10.0.0.5:10001")


def test_lines_of_an_earlier_life_do_not_count() -> None:
    old = (f"Loading model for key: {K}", f"Successfully loaded model for key: {K}")
    assert judge(*old, not_before=50.0).rung is Rung.PUBLISHED


def test_not_assigned_is_only_published() -> None:
    assert judge(listed=Evidence(Rung.PUBLISHED, "GET /listcell", "active_replicas 0 of 2", 5.0)).rung is Rung.PUBLISHED


@pytest.mark.parametrize(
    ("texts", "held"),
    [
        ((), False),
        ((f"Loading model for key: {K}",), True),
        ((f"Loading model for key: {K}", f"Successfully loaded model for key: {K}"), True),
        ((f"Successfully loaded model for key: {K}", f"Received unload: {K}"), False),
        ((f"Loading model for key: {K}", f"Error occurred during loading: {K}, error: oom"), False),
        ((f"Successfully loaded model for key: {K}x",), False),
    ],
)
def test_a_slice_holds_a_model_until_its_log_says_it_let_go(texts: tuple[str, ...], held: bool) -> None:
    assert holds(read_server(lines(*texts)), K) is held


def test_classes_a_primary_can_serve() -> None:
    told = lines(
        "Servable model a.b.C", "Skipping unsupported model a.b.D, Unsupported mesh shape", "Servable model e.F"
    )
    assert read_servable(told) == ["a.b.C", "e.F"]


def host(index: int, state: HostState = HostState.RUNNING, created: float = 1.0) -> Pod:
    return Pod(
        f"u{index}", f"p{index}", "default", state=state, status=state.value, slice=0, host=index, created=created
    )


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        ([host(0), host(1)], ""),
        ([host(0)], "1 of 2 hosts are there"),
        ([host(0), host(1, HostState.FAILED)], "host 0-1 is failed"),
        ([host(0), host(1, created=60.0)], "host 0-1 is newer than the load"),
    ],
)
def test_a_slice_without_one_of_its_hosts_cannot_answer(pods: list[Pod], said: str) -> None:
    found = broken(ClusterView(pods={pod.uid: pod for pod in pods}), 0, 2, 50.0)
    assert found.startswith(said)
    assert bool(found) is bool(said)
