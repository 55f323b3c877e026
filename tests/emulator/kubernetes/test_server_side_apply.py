"""Server-side apply and managedFields, without HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saxtui.emulator.kubernetes import apply, fields
from saxtui.emulator.kubernetes.status import ApiError

Json = dict[str, Any]
T0, T1 = "2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z"


def config(**data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def applied(declared: Json, manager: str = "m1") -> Json:
    live: Json = {**declared, "metadata": dict(declared["metadata"])}
    live["metadata"]["managedFields"] = apply.create(declared, manager, T0)
    return live


def again(live: Json, declared: Json, manager: str, *, force: bool = False) -> Json:
    merged, managed = apply.apply(live, declared, manager, T1, force=force)
    return {**merged, "metadata": {**merged["metadata"], "managedFields": managed}}


def owned(live: Json) -> dict[str, Any]:
    return {each["manager"]: each["fieldsV1"] for each in live["metadata"]["managedFields"]}


def test_create_owns_what_it_declares() -> None:
    assert owned(applied(config(a="1", b="2"))) == {"m1": {"f:data": {"f:a": {}, "f:b": {}}}}


def test_same_again_changes_nothing() -> None:
    live = applied(config(a="1"))
    assert again(live, config(a="1"), "m1") == live


def test_conflict_names_manager_and_field() -> None:
    live = applied(config(a="1", b="2"))
    with pytest.raises(ApiError) as caught:
        again(live, config(a="9"), "m2")
    assert caught.value.code == 409
    assert str(caught.value) == 'Apply failed with 1 conflict: conflict with "m1": .data.a'
    assert caught.value.status["details"] == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "m1"', "field": ".data.a"}]
    }


def test_force_moves_ownership_and_drops_follow_it() -> None:
    live = again(applied(config(a="1", b="2")), config(a="9"), "m2", force=True)
    assert live["data"] == {"a": "9", "b": "2"}
    assert owned(live) == {"m1": {"f:data": {"f:b": {}}}, "m2": {"f:data": {"f:a": {}}}}
    live = again(live, config(b="2"), "m1")
    assert live["data"] == {"a": "9", "b": "2"}
    live = again(live, {**config(), "data": {}}, "m1")
    assert live["data"] == {"a": "9"}


def test_equal_values_are_shared_and_survive_one_owner() -> None:
    live = again(applied(config(a="1")), config(a="1"), "m2")
    assert set(owned(live)) == {"m1", "m2"}
    live = again(live, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}, "m1")
    assert live["data"] == {"a": "1"}


def test_conflict_with_an_update_manager_names_the_version() -> None:
    live = applied(config(a="1"))
    changed = {**live, "data": {"a": "5"}}
    changed["metadata"] = {**live["metadata"], "managedFields": fields.after_update(live, changed, "python", T1)}
    assert owned(changed) == {"python": {"f:data": {"f:a": {}}}}
    with pytest.raises(ApiError) as caught:
        again(changed, config(a="9"), "m1")
    assert str(caught.value) == 'Apply failed with 1 conflict: conflict with "python" using v1: .data.a'


def workload(*containers: Json) -> Json:
    spec = {"template": {"spec": {"containers": list(containers)}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def containers_of(live: Json) -> list[Json]:
    found: list[Json] = live["spec"]["template"]["spec"]["containers"]
    return found


def test_list_items_merge_by_key_and_leave_with_their_owner() -> None:
    live = applied(workload({"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}))
    live = again(live, workload({"name": "side", "image": "2"}), "m2")
    assert [each["name"] for each in containers_of(live)] == ["a", "side"]
    live = again(live, workload({"name": "a", "image": "1"}), "m1")
    assert "env" not in containers_of(live)[0]
    live = again(live, {**workload(), "spec": {}}, "m2")
    assert [each["name"] for each in containers_of(live)] == ["a"]


def test_conflict_in_a_list_item_is_spelled_with_its_key() -> None:
    live = applied(workload({"name": "a", "image": "1"}))
    with pytest.raises(ApiError) as caught:
        again(live, workload({"name": "a", "image": "2"}), "m2")
    assert caught.value.status["details"]["causes"][0]["field"] == '.spec.template.spec.containers[name="a"].image'


def test_container_ports_with_equal_numbers_differ_by_protocol() -> None:
    tcp, udp = {"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}
    live = applied(workload({"name": "a", "ports": [tcp]}))
    live = again(live, workload({"name": "a", "ports": [udp]}), "m2")
    assert containers_of(live)[0]["ports"] == [tcp, udp]


_names = st.sampled_from(["a", "b", "c"])
_values: Any = st.recursive(
    st.text("xy", max_size=2) | st.integers(0, 3),
    lambda inner: (
        st.dictionaries(_names, inner, max_size=3)
        | st.lists(
            st.fixed_dictionaries({"name": _names, "value": inner}), max_size=3, unique_by=lambda each: each["name"]
        )
    ),
    max_leaves=8,
)
_specs = st.dictionaries(st.sampled_from(["containers", "env", "x", "y"]), _values, max_size=4)


def thing(spec: Json) -> Json:
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}


@given(_specs)
def test_fields_survive_their_own_format(spec: Json) -> None:
    paths = fields.paths_of(thing(spec))
    assert fields.from_fields(fields.to_fields(paths)) == paths


@given(_specs)
def test_apply_is_idempotent(spec: Json) -> None:
    live = applied(thing(spec))
    assert again(live, thing(spec), "m1") == live


def without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ({}, [])}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


@given(_specs, _specs)
def test_a_sole_manager_gets_what_it_declares(first: Json, second: Json) -> None:
    live = again(applied(thing(first)), thing(second), "m1")
    assert fields.leaves_of(without_empty(live)) == fields.leaves_of(without_empty(thing(second)))
    assert owned(live)["m1"] == fields.to_fields(fields.paths_of(thing(second)))
