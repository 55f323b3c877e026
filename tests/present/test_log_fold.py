"""Folding: lines of lock-step hosts come together, the host that differs or stops stands out, no line is forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from saxtui.model.log_batch import LogSource, stamp_of
from saxtui.present.log_fold import Fold, Host, hosts_words, ranges, template

HOSTS = [LogSource(f"pod-1-{host}", 1, host) for host in range(8)]
NOW = 1_764_000_000.0


def fold_of(*said: tuple[int, float, str]) -> Fold:
    """Feed (host, seconds, text) in order of time."""
    fold = Fold()
    for number, (host, at, text) in enumerate(sorted(said, key=lambda item: item[1])):
        fold.add(number, HOSTS[host], stamp_of(NOW + at), text)
    return fold


def shown(fold: Fold) -> list[tuple[int, str]]:
    return [(len(group.hosts), group.text) for group in fold.groups]


def test_the_host_that_says_something_else_stands_out() -> None:
    lock_step = [(host, host / 10, f"I1127 10:00:0{host}.5 {host} a.py:1] waiting for peers {host} / 8")
                 for host in range(8) if host != 5]  # fmt: skip
    fold = fold_of(*lock_step, (5, 0.5, "RESOURCE_EXHAUSTED: hbm"), (0, 30.0, "later"), (1, 30.1, "later"))
    first, odd, later = fold.groups
    assert (len(first.hosts), first.same) == (7, False)
    assert fold.odd(odd) and set(odd.hosts) == {(1, 5, "")}
    assert not fold.odd(first) and not fold.odd(later)
    assert hosts_words(first.hosts, fold.last) == "all but 1-5"


def test_a_host_that_lags_joins_what_the_others_said_in_its_own_order() -> None:
    said = [(host, step * 1.0 + (0.9 if host == 3 else host / 100), f"step {name}") for host in range(4)
            for step, name in enumerate(["load", "compile", "load", "serve"])]  # fmt: skip
    assert shown(fold_of(*said)) == [(4, "step load"), (4, "step compile"), (4, "step load"), (4, "step serve")]


def test_lines_too_far_apart_are_not_drawn_together() -> None:
    assert shown(fold_of((0, 0.0, "again"), (1, 60.0, "again"))) == [(1, "again"), (1, "again")]


def test_the_host_that_stopped_is_named() -> None:
    said = [(host, float(at), "step") for host in range(4) for at in range(0, 300, 10) if host != 2 or at < 60]
    fold = fold_of(*said)
    assert fold.silent() == [((1, 2, ""), 240.0)]
    assert fold_of(*[row for row in said if row[1] < 60]).silent() == []


def test_a_primary_is_compared_with_primaries_only() -> None:
    """Only secondaries say that their devices are kept warm; the primary's silence is no sign of anything."""
    said = [(host, float(at), "step") for host in range(8) for at in range(0, 300, 10) if host or at < 60]
    assert fold_of(*said).silent() == []


def test_a_host_is_not_odd_where_the_others_are_not_held_so_far_back() -> None:
    """Only the last lines of each host are asked for, and a primary says less: its own reach back further."""
    fold = fold_of((0, 0.0, "loaded"), *((host, 9_000.0 + at, f"warm {at}") for host in range(1, 8) for at in (0, 60)))
    assert fold.groups[0].closed and not fold.odd(fold.groups[0])


def test_equal_texts_are_told_from_equal_templates() -> None:
    assert [group.same for group in fold_of((0, 0.0, "same"), (1, 0.1, "same")).groups] == [True]
    assert [group.same for group in fold_of((0, 0.0, "port 1"), (1, 0.1, "port 2")).groups] == [False]
    assert template("W1123 20:08:30.79 1393 b.py:62] at 10.0.0.7:8471 0xffe1 5f3a9c02bd 7/8") == "at # # # #/#"


SAID = st.lists(st.tuples(st.integers(0, 7), st.floats(0, 100), st.sampled_from(["a", "b 1", "b 2", "c"])), max_size=60)


@given(SAID)
def test_every_line_is_in_exactly_one_group_and_no_host_twice(said: list[tuple[int, float, str]]) -> None:
    ordered = sorted(said, key=lambda item: item[1])
    fold = Fold()
    for number, (host, at, text) in enumerate(ordered):
        fold.add(number, HOSTS[host], stamp_of(NOW + at), text)
    held: dict[int, str] = {}
    for group in fold.groups:
        for number in group.hosts.values():
            assert number not in held
            held[number] = group.template
    assert held == {number: template(text) for number, (_, _, text) in enumerate(ordered)}
    firsts = [group.number for group in fold.groups]
    assert firsts == sorted(firsts)
    for host in range(8):
        mine = [number for group in fold.groups for who, number in group.hosts.items() if who == (1, host, "")]
        assert mine == sorted(mine), "a host's lines keep their order"


@given(SAID, st.integers(0, 60))
def test_what_left_is_forgotten_and_the_rest_goes_on(said: list[tuple[int, float, str]], first: int) -> None:
    fold = Fold()
    for number, (host, at, text) in enumerate(sorted(said, key=lambda item: item[1])):
        fold.add(number, HOSTS[host], stamp_of(NOW + at), text)
        fold.forget(max(0, number - first))
        assert all(group.number >= number - first for group in fold.groups)


def test_ranges_in_short() -> None:
    hosts: list[Host] = [(-1, -1, "admin"), *((0, host, "") for host in (0, 1, 2, 3, 6)), (1, 7, "")]
    assert ranges(hosts) == "admin 0-0..3 0-6 1-7"
    assert hosts_words(hosts[1:3], hosts[1:3]) == "all 2"


def test_parts_of_several_slices_have_names() -> None:
    hosts: list[Host] = [(index, host, "") for index in range(3) for host in range(4)]
    assert hosts_words([host for host in hosts if host[1] == 0], hosts) == "primaries"
    assert hosts_words([host for host in hosts if host[1] > 0], hosts) == "secondaries"
    assert hosts_words(hosts[1:4], hosts[:4]) == "0-1..3"
