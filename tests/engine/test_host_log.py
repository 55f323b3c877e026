"""What a host's log says of its process, and what the hosts of a slice say together."""

from __future__ import annotations

import pytest

from saxtui.engine.watching.host_log import Heard, advance
from saxtui.model.cluster import HostState, LogLine, Pod, slice_of
from saxtui.model.phases import HostPhase, Phase, in_slice, together

K = "/sax/test/spmd"
START = ("JAX process: 0 / 8", "jax.process_count(): 8", "Servable model a.b.C", "Starting runner 0.")
LOADED = (*START, f"Loading model for key: {K}", f"Successfully loaded model for key: {K}")


def heard(*texts: str) -> Heard:
    return advance(
        Heard(), [LogLine("p", 10.0 + n, f"I0905 22:09:56.7 1 x.py:1] {text}") for n, text in enumerate(texts)]
    )[0]


@pytest.mark.parametrize(
    ("texts", "phase"),
    [
        ((), Phase.UNHEARD),
        (("Unable to initialize backend 'cuda': Unable to load CUDA.",), Phase.UNHEARD),
        (START[:1], Phase.JOINED),
        (("Secondary worker loop. Primary process: 0",), Phase.JOINED),
        (("Received keep_devices_warm",), Phase.JOINED),
        ((*START, f"Loading model for key: {K}"), Phase.LOADING),
        (LOADED, Phase.LOADED),
        ((*LOADED, f"Received model_key {K} method lm.generate, unpadded_shape 1"), Phase.SERVING),
        ((*START, f"Received model_key {K} method lm.generate"), Phase.JOINED),
        ((*START, f"Loading model for key: {K}", f"Internal error during loading. model_key: {K}, e"), Phase.FAILED),
        ((*START, "Internal error during loading..."), Phase.JOINED),
        ((*LOADED, f"Received unload: {K}"), Phase.JOINED),
    ],
)  # fmt: skip
def test_the_last_word_counts(texts: tuple[str, ...], phase: Phase) -> None:
    assert heard(*texts).phase is phase


def test_a_phase_names_its_model_and_its_proof() -> None:
    found = heard(*LOADED)
    assert (found.model, found.at) == (K, 15.0) and "Successfully loaded" in found.line
    assert heard(*LOADED, f"Received unload: {K}").model == ""


def host(index: int, state: HostState = HostState.RUNNING) -> Pod:
    return Pod(f"u{index}", f"h{index}", "n", slice=0, host=index, state=state)


def test_silent_hosts_wait_for_each_other() -> None:
    pods = slice_of(0, [host(n, HostState.WAITING if n == 5 else HostState.RUNNING) for n in range(8)])
    found = in_slice(pods, {f"u{n}": HostPhase(read=True) for n in range(8)}, 8)
    assert sorted(found) == ["u0", "u1", "u2", "u3", "u4", "u6", "u7"]
    assert {item.words for item in found.values()} == {"waiting for peers 7 of 8"}


def test_a_host_that_comes_back_alone_waits_alone() -> None:
    pods = slice_of(0, [host(n) for n in range(8)])
    all_loaded = {f"u{n}": HostPhase(Phase.LOADED, K, read=True) for n in range(8)}
    found = in_slice(pods, all_loaded | {"u3": HostPhase(read=True)}, 8)
    assert found["u3"].words == "waiting for peers 1 of 8" and found["u0"].phase is Phase.LOADED
    assert together(pods, found) is None and together(pods, in_slice(pods, all_loaded, 8)) is Phase.LOADED


def test_when_one_host_serves_its_slice_does() -> None:
    pods = slice_of(0, [host(n) for n in range(2)])
    found = in_slice(pods, {"u0": HostPhase(Phase.LOADED, K), "u1": HostPhase(Phase.SERVING, K)}, 2)
    assert together(pods, found) is Phase.SERVING
    other = in_slice(pods, {"u0": HostPhase(Phase.LOADED, "/sax/test/b"), "u1": HostPhase(Phase.SERVING, K)}, 2)
    assert other["u0"].phase is Phase.LOADED


def test_an_unread_log_says_nothing() -> None:
    pods = slice_of(0, [host(0), host(1)])
    assert in_slice(pods, {"u0": HostPhase()}, 2) == {"u0": HostPhase()}
    assert HostPhase().words == ""
