"""Compute Engine: places, machine types, quotas, and the load balancers of Services."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

P = "/compute/v1/projects/demo-project"
ADDRESS = {"cluster": "demo-project/us-west4/saxml", "namespace": "default", "name": "sax-http-lb"}


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer.ok()["items"]]


def test_zones_and_regions_link_to_themselves(simulated: Any) -> None:
    for kind in ("zones", "regions"):
        for row in simulated.get(f"{P}/{kind}").ok()["items"]:
            assert row["selfLink"].endswith(f"/projects/demo-project/{kind}/{row['name']}")
    assert simulated.get(f"{P}/zones/us-west4-a").ok()["region"].endswith("/regions/us-west4")
    simulated.get(f"{P}/regions/mars").refused(404, "The resource 'projects/demo-project/regions/mars' was not found")
    simulated.get("/compute/v1/projects/nope/zones").refused(404, "projects/nope")


def test_the_override_may_end_in_compute_v1(simulated: Any) -> None:
    assert names(simulated.get("/projects/demo-project/zones")) == names(simulated.get(f"{P}/zones"))


def test_filters_as_gcloud_writes_them(simulated: Any) -> None:
    expression = quote(r'region eq ".*\bus\-west4\b.*"')
    assert names(simulated.get(f"{P}/zones?filter={expression}")) == ["us-west4-a", "us-west4-b", "us-west4-c"]
    assert names(simulated.get(f"{P}/zones?filter={quote('name = us-west4-b')}")) == ["us-west4-b"]
    assert names(simulated.get(f"{P}/regions?filter={quote('name:west4')}")) == ["europe-west4", "us-west4"]
    broken = quote('name eq "("')
    simulated.get(f"{P}/zones?filter={broken}").refused(400, "filter")


def test_machine_types_say_which_zones_have_chips(simulated: Any) -> None:
    items = simulated.get(f"{P}/aggregated/machineTypes").ok()["items"]
    having = {
        scope
        for scope, item in items.items()
        for row in item.get("machineTypes", [])
        if row["name"] == "ct5lp-hightpu-4t"
    }
    assert "zones/us-west4-a" in having
    assert "zones/us-west4-c" not in having
    row = simulated.get(f"{P}/zones/us-west4-a/machineTypes/ct5lp-hightpu-4t").ok()
    assert row["accelerators"] == [{"guestAcceleratorType": "ct5lp", "guestAcceleratorCount": 4}]
    assert (row["guestCpus"], row["memoryMb"]) == (112, 192 * 1024)
    simulated.get(f"{P}/zones/us-west4-c/machineTypes/ct5lp-hightpu-4t").refused(404)
    everywhere = quote("name=ct5lp-hightpu-4t")
    filtered = simulated.get(f"{P}/aggregated/machineTypes?filter={everywhere}").ok()["items"]
    assert {scope for scope, item in filtered.items() if "machineTypes" in item} == having


def test_a_services_address_comes_and_goes(simulated: Any) -> None:
    simulated.world.tell("service.address", **ADDRESS, address="34.1.2.3", internal=False)
    rule = simulated.get(f"{P}/regions/us-west4/forwardingRules").ok()["items"][0]
    assert (rule["IPAddress"], rule["loadBalancingScheme"]) == ("34.1.2.3", "EXTERNAL")
    assert "default/sax-http-lb" in rule["description"]
    address = simulated.get(f"{P}/aggregated/addresses").ok()["items"]["regions/us-west4"]["addresses"][0]
    assert address["users"] == [rule["selfLink"]]
    assert simulated.get(f"{P}/regions/us-east1/forwardingRules").ok()["items"] == []
    simulated.world.tell("service.released", **ADDRESS)
    assert simulated.get(f"{P}/regions/us-west4/forwardingRules").ok()["items"] == []
    assert "addresses" not in simulated.get(f"{P}/aggregated/addresses").ok()["items"]["regions/us-west4"]
