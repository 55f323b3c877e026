"""Endpoints and load balancers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.tutorial import CLUSTER, Cloud, http_server, http_service

Json = dict[str, Any]


def ready_cloud() -> Cloud:
    cloud = Cloud()
    cloud.pool("default-pool", "e2-standard-4", 4)
    cloud.storage()
    cloud.account()
    cloud.advance(30)
    return cloud


def told(cloud: Cloud, topic: str) -> list[Json]:
    heard: list[Json] = []
    cloud.world.hook(topic, heard.append)
    return heard


@pytest.mark.parametrize(("internal", "start"), [(True, "10."), (False, "34.")])
def test_a_load_balancer_gets_its_address_after_a_minute(internal: bool, start: str) -> None:
    cloud = ready_cloud()
    heard = told(cloud, "service.address")
    cloud.store.create(http_service("LoadBalancer", internal))

    def address() -> str:
        found = cloud.store.get("Service", "default", "sax-http-lb") or {}
        return "".join(each["ip"] for each in found["status"]["loadBalancer"].get("ingress", []))

    assert 45 <= cloud.until(address, 120) <= 75
    assert address().startswith(start)
    assert heard == [
        {
            "cluster": CLUSTER,
            "namespace": "default",
            "name": "sax-http-lb",
            "address": address(),
            "internal": internal,
        }
    ]


def test_deletion_waits_for_the_load_balancer_to_go() -> None:
    cloud = ready_cloud()
    cloud.store.create(http_service("LoadBalancer"))
    cloud.advance(90)
    heard = told(cloud, "service.released")
    cloud.store.delete("Service", "default", "sax-http-lb")
    found = cloud.store.get("Service", "default", "sax-http-lb")
    assert found is not None and found["metadata"]["deletionTimestamp"]
    assert 15 <= cloud.until(lambda: cloud.store.get("Service", "default", "sax-http-lb") is None, 60) <= 40
    assert heard == [{"cluster": CLUSTER, "namespace": "default", "name": "sax-http-lb"}]


def test_deletion_before_the_address_came_is_clean() -> None:
    cloud = ready_cloud()
    heard = told(cloud, "service.address")
    cloud.store.create(http_service("LoadBalancer"))
    cloud.advance(10)
    cloud.store.delete("Service", "default", "sax-http-lb")
    cloud.advance(120)
    assert cloud.store.get("Service", "default", "sax-http-lb") is None
    assert not heard


def test_a_cluster_ip_service_goes_at_once() -> None:
    cloud = ready_cloud()
    cloud.store.create(http_service())
    cloud.advance(5)
    cloud.store.delete("Service", "default", "sax-http-lb")
    assert cloud.store.get("Service", "default", "sax-http-lb") is None


def test_endpoints_follow_ready_pods() -> None:
    cloud = ready_cloud()
    cloud.store.create(http_service())
    cloud.store.create(http_server())
    cloud.until(lambda: cloud.available("default", "sax-http"))
    cloud.advance(1)
    found = cloud.store.get("Endpoints", "default", "sax-http-lb")
    assert found is not None
    [subset] = found["subsets"]
    assert [each["ip"] for each in subset["addresses"]] == [cloud.app("sax-http")["status"]["podIP"]]
    assert subset["ports"] == [{"port": 8888, "protocol": "TCP"}]
    cloud.store.delete("Deployment", "default", "sax-http")
    cloud.advance(30)
    found = cloud.store.get("Endpoints", "default", "sax-http-lb")
    assert found is not None and not found.get("subsets")
