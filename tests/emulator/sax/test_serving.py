"""From joined servers to a reply, and what can go wrong on the way, in virtual time."""

from __future__ import annotations

import pytest

from saxtui.emulator.controllers import exit_container
from saxtui.emulator.kubernetes.proxy import NoAnswer
from tests.emulator.tutorial import BUCKET, CLUSTER, Cloud, admin_server, http_server, http_service, model_servers

MODEL = "/sax/test/spmd"
PARAMS = "saxml.server.pax.lm.params.lm_cloud"


def joined(seed: int = 1, http: str = "v1.0.0") -> Cloud:
    cloud = Cloud(seed)
    cloud.serving(http=http)
    cloud.until(cloud.joined, 300)
    return cloud


async def served(http: str = "v1.0.0") -> Cloud:
    cloud = joined(http=http)
    await cloud.publish()
    cloud.until(cloud.loaded, 900)
    return cloud


def said(cloud: Cloud, pod: dict, words: str) -> list[str]:
    return [line for line in cloud.log(pod) if words in line]


def test_servers_join_about_a_minute_after_their_hosts_run() -> None:
    cloud = Cloud()
    cloud.serving()
    cloud.until(cloud.all_running)
    assert 40 <= cloud.until(cloud.joined) <= 90
    primary, secondary = cloud.host(0, 0), cloud.host(0, 5)
    assert said(cloud, primary, "JAX process: 0 / 8") and said(cloud, secondary, "JAX process: 5 / 8")
    assert said(cloud, primary, "Started joining SAX cell /sax/test")
    assert said(cloud, secondary, "Secondary worker loop. Primary process: 0")
    assert not said(cloud, secondary, "Joined")
    servable = {line.rsplit(".", 1)[1] for line in said(cloud, primary, "Servable model")}
    assert servable == {"LmCloudSpmd2B32Test", "LmCloudSpmd175B32Test", "LLaMA70BFP16TPUv5e32"}
    assert said(cloud, primary, "Skipping unsupported model")


async def test_assigned_after_a_tick_but_loaded_after_minutes() -> None:
    cloud = joined()
    status, body = await cloud.publish()
    assert (status, body["replicas"], "path" in body) == (200, 2, True)
    cloud.advance(11)
    assert await cloud.active() == 2
    assert not cloud.loaded()
    assert said(cloud, cloud.host(0, 0), f"Loading model for key: {MODEL}")
    assert said(cloud, cloud.host(0, 3), f"Received load: {MODEL}")
    assert 430 <= cloud.until(cloud.loaded, 900) <= 640
    assert said(cloud, cloud.host(0, 3), f"Successfully loaded model for key: {MODEL}")
    assert len(said(cloud, cloud.app("sax-admin-server"), f"Loading model {MODEL} onto server")) == 2


async def test_generate_takes_simulated_seconds_and_differs_by_prompt() -> None:
    cloud = await served()
    began = cloud.world.now
    status, first = await cloud.call("POST", "/generate", {"model": MODEL, "query": "What is a TPU?"})
    assert status == 200 and 3.5 <= cloud.world.now - began <= 6
    [[text, score]] = first["generate_response"]
    assert len(text.split()) > 80 and score < 0
    _, second = await cloud.call("POST", "/generate", {"model": MODEL, "query": "Who are you?"})
    assert second["generate_response"][0][0] != text


async def test_generate_waits_for_the_load_and_blocks_the_old_server() -> None:
    cloud = joined()
    await cloud.publish()
    cloud.advance(20)
    waiting = cloud.ask("POST", "/generate", {"model": MODEL, "query": "?"})
    other = cloud.ask("GET", "/listcell", {"model": MODEL})
    for _ in range(60):
        cloud.advance(1)
        await cloud.settle()
    assert not waiting.done() and not other.done()
    await cloud.until_done(other)
    assert waiting.done() and any(said(cloud, cloud.host(job, 0), "Successfully loaded model") for job in (0, 1))


async def test_the_new_server_answers_others_meanwhile() -> None:
    cloud = joined(http="v1.2.0")
    await cloud.publish()
    cloud.advance(20)
    waiting = cloud.ask("POST", "/generate", {"model": MODEL, "query": "?"})
    assert await cloud.active() == 2
    assert not waiting.done()
    await cloud.until_done(waiting)


async def test_unpublish_frees_the_slices_after_a_tick() -> None:
    cloud = await served()
    assert await cloud.call("POST", "/unpublish", {"model": MODEL}) == (200, {"model": MODEL})
    status, body = await cloud.call("GET", "/listcell", {"model": MODEL})
    assert status == 400 and "not found" in body["Error"]
    status, _ = await cloud.publish(
        path=f"{PARAMS}.LmCloudSpmd2B32Test"
    )  # retried by the client until the name is free
    assert status == 200
    cloud.advance(25)
    assert await cloud.active() == 2
    assert said(cloud, cloud.host(1, 2), f"Received unload: {MODEL}")


async def test_a_class_of_another_size_is_never_assigned() -> None:
    cloud = joined()
    for name, path in (("a", f"{PARAMS}.LmCloudSpmd175BTest"), ("b", "no.such.Model")):
        status, _ = await cloud.publish(path=path, model=f"/sax/test/{name}")
        assert status == 200
    cloud.advance(120)
    assert await cloud.active("/sax/test/a") == 0
    assert await cloud.active("/sax/test/b") == 0


async def test_a_second_model_waits_for_a_free_slice() -> None:
    cloud = joined()
    await cloud.publish(replicas=2)
    await cloud.publish(replicas=2, model="/sax/test/other")
    cloud.advance(30)
    assert (await cloud.active(), await cloud.active("/sax/test/other")) == (2, 0)
    body = {"model": MODEL, "model_path": f"{PARAMS}.LmCloudSpmd175B32Test", "checkpoint": "None", "replicas": 1}
    assert (await cloud.call("PUT", "/update", body))[0] == 200
    cloud.advance(30)
    assert await cloud.active() == 1
    # The slice that is let go still has to finish its load before it can unload.
    assert await cloud.active("/sax/test/other") == 0
    cloud.advance(900)
    assert await cloud.active("/sax/test/other") == 1


def small_slice() -> Cloud:
    """One slice of one host with four chips, joined."""
    cloud = Cloud()
    cloud.serving(slices=1)
    cloud.store.delete("JobSet", "default", "sax-model-server-set")
    cloud.pool("small", "ct5lp-hightpu-4t", 1)
    wanted = model_servers(1)
    job = wanted["spec"]["replicatedJobs"][0]["template"]["spec"]
    job["parallelism"] = job["completions"] = 1
    job["template"]["spec"]["nodeSelector"]["cloud.google.com/gke-tpu-topology"] = "2x2"
    cloud.until(lambda: not cloud.hosts())
    cloud.store.create(wanted)
    cloud.until(lambda: cloud.all_running(1) and said(cloud, cloud.host(0, 0), "Joined"), 300)
    return cloud


async def test_a_load_without_memory_fails_for_good() -> None:
    cloud = small_slice()
    assert said(cloud, cloud.host(0, 0), f"Servable model {PARAMS}.LLaMA65B")
    await cloud.publish(path=f"{PARAMS}.LLaMA65B", replicas=1)
    cloud.advance(400)
    assert said(cloud, cloud.host(0, 0), "Internal error during loading. model_key: /sax/test/spmd")
    assert said(cloud, cloud.host(0, 0), "RESOURCE_EXHAUSTED")
    assert said(cloud, cloud.app("sax-admin-server"), f"Failed to load model {MODEL} onto server")
    cloud.advance(900)
    assert await cloud.active() == 1, "a failed load still counts as assigned"
    assert len(said(cloud, cloud.host(0, 0), "Loading model for key")) == 1, "and is never tried again"
    await cloud.call("POST", "/unpublish", {"model": MODEL})
    await cloud.publish(path=f"{PARAMS}.LLaMA7BFP16TPUv4", replicas=1)
    cloud.until(lambda: cloud.loaded(slices=1), 300)


async def test_a_class_with_real_weights_needs_a_checkpoint() -> None:
    cloud = small_slice()
    await cloud.publish(path=f"{PARAMS}.LLaMA7BFP16TPUv5e", replicas=1)
    cloud.advance(20)
    line = said(cloud, cloud.host(0, 0), "Invalid load request.")[0]
    assert "Invalid checkpoint path None. Must be a directory." in line


async def test_a_lost_host_hangs_its_slice_and_pods_look_well() -> None:
    cloud = await served()
    cloud.store.delete("Pod", "default", cloud.host(0, 3)["metadata"]["name"])
    cloud.advance(120)
    assert cloud.all_running()
    assert await cloud.active() == 2, "the admin still counts the broken slice"
    answered = [cloud.ask("POST", "/generate", {"model": MODEL, "query": str(n)}) for n in range(2)]
    for _ in range(300):
        cloud.advance(1)
        await cloud.settle()
    assert sum(each.done() for each in answered) <= 1, "one request in two goes to the slice that never answers"
    assert not said(cloud, cloud.host(0, 3), "JAX process"), "a host that comes back alone waits for ever"


async def test_a_jobset_restart_brings_the_model_back_by_itself() -> None:
    cloud = await served()
    exit_container(cloud.world, CLUSTER, "default", cloud.host(1, 3)["metadata"]["name"], "sax-model-server", 137)
    cloud.advance(10)
    cloud.until(cloud.joined, 300)
    cloud.advance(15)
    assert await cloud.active() == 2
    assert not cloud.loaded()
    cloud.until(cloud.loaded, 900)
    status, _ = await cloud.call("POST", "/generate", {"model": MODEL, "query": "again?"})
    assert status == 200


async def test_models_survive_the_admin_server() -> None:
    cloud = await served()
    old = cloud.app("sax-admin-server")["metadata"]["name"]
    cloud.store.delete("Pod", "default", old)
    cloud.until(
        lambda: (
            cloud.available("default", "sax-admin-server") and cloud.app("sax-admin-server")["metadata"]["name"] != old
        )
    )
    cloud.advance(30)
    assert await cloud.active() == 2
    assert len(said(cloud, cloud.host(0, 0), "Loading model for key")) == 1, "loaded models are not loaded again"


async def test_an_old_bucket_brings_its_models_back() -> None:
    cloud = joined()
    await cloud.publish()
    cloud.advance(20)
    for kind, name in (
        ("JobSet", "sax-model-server-set"),
        ("Deployment", "sax-admin-server"),
        ("Deployment", "sax-http"),
    ):
        cloud.store.delete(kind, "default", name)
    cloud.until(lambda: not cloud.pods())
    for obj in (admin_server(), model_servers(), http_server()):
        cloud.store.create(obj)
    cloud.until(cloud.joined, 300)
    cloud.advance(12)
    assert await cloud.active() == 2


def test_what_lies_in_the_bucket() -> None:
    cloud = joined()
    names = sorted(key.removeprefix(f"{BUCKET}/") for key in cloud.world.table("storage.objects"))
    assert names == [
        "sax-fs-root/sax/test/METADATA",
        "sax-fs-root/sax/test/state.proto",
        "sax-root/sax/test/METADATA",
        "sax-root/sax/test/config.proto",
        "sax-root/sax/test/location.proto",
    ]


@pytest.mark.parametrize("missing", ["bucket", "identity"])
def test_without_a_binding_the_admin_crash_loops_and_recovers(missing: str) -> None:
    cloud = Cloud()
    cloud.pools()
    cloud.storage()
    cloud.account()
    cloud.jobset_controller()
    cloud.until(lambda: cloud.available("jobset-system", "jobset-controller-manager"))
    if missing == "identity":
        cloud.bind_bucket()
    else:
        cloud.bind_identity()
    for obj in (admin_server(), model_servers(), http_server(), http_service()):
        cloud.store.create(obj)
    cloud.advance(2)

    def waiting() -> str:
        statuses = cloud.app("sax-admin-server")["status"].get("containerStatuses") or [{"state": {}}]
        return str(statuses[0]["state"].get("waiting", {}).get("reason"))

    cloud.until(lambda: waiting() == "CrashLoopBackOff", 300)
    container = cloud.app("sax-admin-server")["status"]["containerStatuses"][0]
    assert container["lastState"]["terminated"]["exitCode"] == 1
    assert said(cloud, cloud.app("sax-admin-server"), "403")
    cloud.advance(60)
    assert not cloud.joined()
    assert said(cloud, cloud.host(0, 0), "ParseAddr error")
    cloud.bind_bucket()
    cloud.bind_identity()
    cloud.until(cloud.joined, 400)


async def test_a_lost_binding_kills_the_admin() -> None:
    cloud = joined()
    cloud.world.table("iam.policies").clear()
    cloud.advance(12)
    name = cloud.app("sax-admin-server")["metadata"]["name"]
    lines = cloud.store.logs.lines(("default", name, "sax-admin-server"), previous=True) or []
    assert any("Failed to save manager state" in line.text for line in [*lines]) or said(
        cloud, cloud.app("sax-admin-server"), "Failed to save manager state"
    )


async def test_a_vanished_http_pod_breaks_the_connection() -> None:
    cloud = joined()
    await cloud.publish()
    waiting = cloud.ask("POST", "/generate", {"model": MODEL, "query": "?"})
    await cloud.settle()
    cloud.store.delete("Deployment", "default", "sax-http")
    assert await cloud.until_done(waiting, 60) is NoAnswer.DROP


@pytest.mark.parametrize("seed", [1, 7])
async def test_the_same_seed_makes_the_same_history(seed: int) -> None:
    async def history(number: int) -> str:
        cloud = joined(number)
        await cloud.publish()
        cloud.until(cloud.loaded, 900)
        await cloud.call("POST", "/generate", {"model": MODEL, "query": "Say it again."})
        exit_container(cloud.world, CLUSTER, "default", cloud.host(1, 3)["metadata"]["name"], "sax-model-server", 137)
        cloud.advance(200)
        return cloud.digest()

    first = await history(seed)
    assert first == await history(seed)
    assert first != await history(seed + 1)
