"""The slices kept along with the pods equal the slices gathered anew, whatever came and went."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from saxtui.adapters.kubernetes.pod_index import PodIndex
from saxtui.model.cluster import ClusterView, HostState, Pod, gather


@pytest.mark.parametrize("seed", range(30))
def test_kept_slices_equal_gathered_ones(seed: int) -> None:
    rng = random.Random(seed)
    pods: dict[str, Pod] = {}
    index = PodIndex(pods)
    pictures: list[tuple[Mapping[str, Pod], dict[str, Pod]]] = []
    for _round in range(60):
        for _change in range(rng.randrange(4)):
            uid = f"u{rng.randrange(14)}"
            if rng.random() < 0.25:
                index.drop(uid)
                continue
            place = rng.choice([-1, 0, 0, 1, 2])
            host = -1 if place < 0 else rng.randrange(4)
            old = pods.get(uid)
            if old is not None and rng.random() < 0.7:
                place, host = old.slice, old.host
            index.put(
                uid,
                Pod(uid, uid, "n", slice=place, host=host, created=float(uid[1:]), deleting=rng.random() < 0.2,
                    state=rng.choice(list(HostState)[:3])),
            )  # fmt: skip
        taken = index.taken()
        slices = taken.slices
        assert taken.pods == pods and len(taken.pods) == len(pods) and sorted(taken.pods) == sorted(pods)
        assert sorted(pod.uid for pod in taken.pods.values()) == sorted(pods)
        assert all(uid in taken.pods and taken.pods[uid] is pod for uid, pod in pods.items())
        assert "nobody" not in taken.pods and taken.pods.get("nobody") is None
        pictures.append((taken.pods, dict(pods)))
        assert sorted(p.uid for p in taken.loose) == sorted(uid for uid, p in pods.items() if p.slice < 0)
        fresh = gather(pods.values())
        assert list(slices) == list(fresh)
        for kept, made in zip(slices.values(), fresh.values(), strict=True):
            assert kept.hosts == made.hosts
            assert kept.states == made.states and kept.running == made.running
            assert sorted(pod.uid for pod in kept.others) == sorted(pod.uid for pod in made.others)
    for picture, then in pictures:
        assert picture == then, "a picture once taken stays as it was"


def test_what_did_not_change_is_the_same_object() -> None:
    index = PodIndex({})
    for number in range(8):
        index.put(f"u{number}", Pod(f"u{number}", "n", "n", slice=number // 4, host=number % 4))
    slices = index.taken().slices
    assert index.taken() is index.taken()
    index.put("u1", Pod("u1", "n", "n", slice=0, host=1, state=HostState.RUNNING))
    later = index.taken().slices
    assert later[1] is slices[1] and later[0] is not slices[0]
    assert slices[0].running == 0 and later[0].running == 1, "a picture once taken stays as it was"


def test_a_view_made_by_hand_gathers_its_slices_once() -> None:
    view = ClusterView(pods={"a": Pod("a", "a", "n", slice=0, host=0), "b": Pod("b", "b", "n", slice=0, host=2)})
    assert view.slices is view.slices
    assert [pod and pod.uid for pod in view.slices[0].hosts] == ["a", None, "b"]
    assert sorted(view.hosts(0)) == [0, 2] and view.slice_indexes == (0,)
