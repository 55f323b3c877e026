"""A deployment that is up on an embedded cloud: its picture, its logs and its models, through the real adapters."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from click import UsageError

from saxtui.cli.demo_cloud import DemoCloud
from saxtui.cli.logs import require_slice
from saxtui.engine.runtime import Runtime
from saxtui.engine.session import Session
from saxtui.engine.watching.logs import LogSelection
from saxtui.errors import Conflict, ExitCode, Invalid, NotFound, Refused, UsageProblem
from saxtui.model.cluster import Freshness, LogLine
from saxtui.model.deployment import Deployment
from saxtui.model.phases import Phase
from saxtui.model.serving import Dialect, Rung, Sampling
from saxtui.ports import Ref

WANTED = Deployment(id="abcdef", name="live", project="demo-project", bucket="demo-project-live")


@pytest.fixture(scope="module")
def environ() -> Iterator[Mapping[str, str]]:
    """The surroundings of an embedded cloud on which WANTED is up."""
    with DemoCloud(os.environ, ["--speed", "300", "--seed", "7"]) as cloud:
        asyncio.run(bring_up(cloud.environ))
        yield cloud.environ


async def bring_up(environ: Mapping[str, str]) -> None:
    async with opened(environ, write=True) as session:
        result = await session.up(await session.plan())
        assert result.exit_code is ExitCode.DONE, result.problems


@asynccontextmanager
async def opened(environ: Mapping[str, str], *, write: bool = False) -> AsyncIterator[Session]:
    runtime = Runtime.open(environ)
    try:
        yield await runtime.session(WANTED, write=write)
    finally:
        await runtime.close()


async def test_picture_of_sixteen_hosts(environ: Mapping[str, str]) -> None:
    async with opened(environ) as session:
        view = await session.look()
        assert view.freshness is Freshness.LIVE
        assert view.slice_indexes == (0, 1)
        for index in (0, 1):
            hosts = view.hosts(index)
            assert sorted(hosts) == list(range(8))
            assert all(pod.node_ip and pod.node for pod in hosts.values())
        assert view.jobset.ready_jobs == 2
        assert "sax-http-lb" in view.services
        assert session.store.state.cluster.value == view
        phases = await session.phases(view)
        assert [phases[pod.uid].phase for index in (0, 1) for pod in view.hosts(index).values()] == [Phase.JOINED] * 16
        assert session.store.state.phases.value == phases


async def test_a_pod_as_yaml(environ: Mapping[str, str]) -> None:
    async with opened(environ) as session:
        view = await session.look()
        pod = view.hosts(0)[0]
        text = await session.pod_yaml(pod.namespace, pod.name)
        assert text.startswith("apiVersion: v1\nkind: Pod\nmetadata:\n") and f"name: {pod.name}\n" in text
        assert "managedFields" not in text and "google.com/tpu" in text
        with pytest.raises(NotFound, match="not there"):
            await session.pod_yaml(pod.namespace, "no-such-pod")


async def test_watch_follows_a_pod_that_is_deleted_and_comes_back(environ: Mapping[str, str]) -> None:
    async with opened(environ) as session, asyncio.timeout(60):
        watch = asyncio.create_task(session.watch())
        view = None
        revision = -1
        while view is None:
            revision = await session.store.changed(revision)
            view = session.store.state.cluster.value
        victim = next(pod for pod in view.pods.values() if pod.app == "sax-http")
        kubernetes = await session.connection.kubernetes()
        assert await kubernetes.delete(Ref("v1", "Pod", victim.name, victim.namespace))
        names: set[str] = {victim.name}
        while victim.name in names or len(names) != 1:
            revision = await session.store.changed(revision)
            now = session.store.state.cluster.value
            assert now is not None
            names = {pod.name for pod in now.pods.values() if pod.app == "sax-http" and not pod.deleting}
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def test_logs_of_all_hosts_in_order_of_time(environ: Mapping[str, str]) -> None:
    async with opened(environ) as session:
        found = [line async for line in session.logs(LogSelection(), tail=20)]
        assert {(line.slice, line.host) for line in found} == {(s, h) for s in (0, 1) for h in range(8)}
        assert [line.at for line in found] == sorted(line.at for line in found)
        primaries = [line async for line in session.logs(LogSelection(primaries=True), tail=5)]
        assert {(line.slice, line.host) for line in primaries} == {(0, 0), (1, 0)}
        one = [line async for line in session.logs(LogSelection(slice=1), tail=3)]
        assert {line.slice for line in one} == {1}
        assert len(one) <= 24


async def test_logs_of_one_pod_by_prefix_and_of_none(environ: Mapping[str, str]) -> None:
    async with opened(environ) as session:
        found = [line async for line in session.logs(LogSelection(pod="sax-admin-server"), tail=5)]
        assert found
        assert len({line.pod for line in found}) == 1
        for name, said in (("no-such-pod", "no such pod.* and 10 more"), ("sax-model-server-set", "fits 16 pods")):
            with pytest.raises(UsageProblem, match=said):
                await anext(aiter(session.logs(LogSelection(pod=name))))


async def test_a_slice_that_is_not_there_is_refused(environ: Mapping[str, str]) -> None:
    """Nothing would be printed of it, and with --follow for ever."""
    async with opened(environ) as session:
        await require_slice(session, None)
        await require_slice(session, 1)
        with pytest.raises(UsageError, match="no slice 7; there are 0 to 1"):
            await require_slice(session, 7)


async def test_models_life(environ: Mapping[str, str]) -> None:
    async with opened(environ) as session:
        model = WANTED.model.id
        assert await session.models() == ()
        with pytest.raises(Refused, match="not published"):
            await session.generate("too early")
        published = await session.publish()
        assert session.dialect is Dialect.OLD
        assert (published.max_replicas, published.loaded) == (2, 0)
        assert (await session.publish()).id == model
        with pytest.raises(Refused, match="not loaded"):
            await session.generate("still too early")
        with pytest.raises(Refused, match="already published"):
            await session.publish(path=WANTED.model.path.replace("175B32Test", "2B32Test"))
        with pytest.raises(Refused, match="chips"):
            await session.publish("/sax/test/other", WANTED.model.path.replace("32Test", "64Test"))

        follower = asyncio.create_task(follow_until(session, "Successfully loaded model for key"))
        status = await session.wait_loaded(timeout=3600)
        assert [item.rung for item in status.replicas] == [Rung.LOADED, Rung.LOADED]
        assert "Successfully loaded" in status.replicas[0].evidence[-1].line
        assert session.store.state.models.value == (status,)
        seen = await follower
        assert seen.host == 0
        hearing = asyncio.create_task(session.hear(lambda: ()))
        await phases_become(session, {Phase.LOADED: 16})

        reply = await session.generate("How many days are in a week?")
        assert reply.text
        assert reply.seconds > 0
        lit = (await session.models())[0].replicas
        assert Rung.ANSWERED in {item.rung for item in lit}
        assert all(item.rung >= Rung.LOADED for item in lit)
        await phases_become(session, {Phase.LOADED: 8, Phase.SERVING: 8})
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)

        await session.unpublish()
        await session.unpublish()
        assert await session.models() == ()
        again = await session.publish()
        assert again.loaded == 0, "an earlier life's log lines must not count"
        await session.unpublish()


async def phases_become(session: Session, wanted: dict[Phase, int]) -> None:
    """Wait until so many hosts are at these phases; the logs are read on by themselves."""
    async with asyncio.timeout(60):
        revision = -1
        while Counter(item.phase for item in (session.store.state.phases.value or {}).values()) != wanted:
            revision = await session.store.changed(revision)


async def test_sampling_is_refused_by_the_old_dialect(environ: Mapping[str, str]) -> None:
    async with opened(environ) as session:
        await session.publish()
        with pytest.raises(Exception, match="no parameters"):
            await session.generate("x", sampling=Sampling(temperature=0.1), force=True)
        await session.unpublish()


async def test_second_writer_is_refused_and_readers_are_not(environ: Mapping[str, str]) -> None:
    async with opened(environ, write=True):
        with pytest.raises(Refused, match="another saxtui"):
            async with opened(environ, write=True):
                pass
        async with opened(environ) as reader:
            assert reader.journal.read_only
            assert reader.store.state.progress.outcome == "done"


async def test_summary_of_home_is_read_from_files_alone(environ: Mapping[str, str]) -> None:
    runtime = Runtime.open({**environ, "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": "http://127.0.0.1:9/"})
    runtime.library.save(WANTED)
    (line,) = await runtime.summaries()
    assert (line.name, line.state, line.project, line.zone) == ("live", "up", "demo-project", "us-west4-a")
    assert line.usd_per_hour is None or line.usd_per_hour > 70
    Path(line.path).with_name("broken.yaml").write_text("name: [", encoding="utf-8")
    states = {line.name: line.state for line in await runtime.summaries()}
    assert states == {"live": "up", "broken": "unreadable"}
    await runtime.close()


async def test_cluster_that_is_not_there(environ: Mapping[str, str]) -> None:
    runtime = Runtime.open(environ)
    elsewhere = WANTED.model_copy(update={"id": "zzzzzz", "region": "us-east1", "zone": "us-east1-c"})
    session = await runtime.session(elsewhere, write=False)
    with pytest.raises(NotFound, match="does not exist"):
        await session.look()
    with pytest.raises(NotFound, match="does not exist"):
        await session.models()
    watch = asyncio.create_task(session.watch())
    revision = await session.store.changed(session.store.revision)
    assert revision
    assert "does not exist" in session.store.state.cluster.error
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    await runtime.close()


async def test_bucket_conflict_and_listing(environ: Mapping[str, str]) -> None:
    runtime = Runtime.open(environ)
    cloud = runtime.cloud("demo-project")
    info = await cloud.buckets.get(WANTED.bucket)
    assert info is not None
    assert info.labels["saxtui-deployment"] == "abcdef"
    with pytest.raises(Conflict):
        await cloud.buckets.create({"name": WANTED.bucket, "location": "US"})
    names = [item.name for item in await cloud.buckets.objects(WANTED.bucket)]
    assert any(name.endswith("location.proto") for name in names)
    await runtime.close()


async def test_objects_are_written_under_a_generation_and_tell_the_servers_time(environ: Mapping[str, str]) -> None:
    """What the lease stands on, through the real client."""
    runtime = Runtime.open(environ)
    buckets = runtime.cloud("demo-project").buckets
    key = "saxtui/a key/ü.json"
    assert await buckets.find_object(WANTED.bucket, key) is None
    assert await buckets.read_object(WANTED.bucket, key) is None
    first = await buckets.put_object(WANTED.bucket, key, b"one", 0)
    with pytest.raises(Conflict):
        await buckets.put_object(WANTED.bucket, key, b"two", 0)
    second = await buckets.put_object(WANTED.bucket, key, b"two", first.generation)
    assert second.generation > first.generation
    with pytest.raises(Conflict):
        await buckets.put_object(WANTED.bucket, key, b"three", first.generation)
    found = await buckets.find_object(WANTED.bucket, key)
    assert found is not None
    assert (found.generation, found.size) == (second.generation, 3)
    assert -1.0 <= found.answered - found.updated < 3600.0 * runtime.clock.speed
    assert abs(found.answered - runtime.clock.now()) < 60.0 * runtime.clock.speed
    assert await buckets.read_object(WANTED.bucket, key) == b"two"
    assert await buckets.read_object(WANTED.bucket, key, first.generation) is None
    with pytest.raises(Invalid):
        await buckets.read_object(WANTED.bucket, key, limit=2)
    await buckets.delete_object(WANTED.bucket, found)
    with pytest.raises(NotFound):
        await buckets.put_object("no-such-bucket-anywhere", key, b"x", 0)
    await runtime.close()


async def follow_until(session: Session, text: str) -> LogLine:
    async with asyncio.timeout(100), aclosing(session.logs(LogSelection(primaries=True), follow=True, tail=0)) as lines:  # type: ignore[type-var]
        async for line in lines:
            if text in line.text:
                return line
    raise AssertionError("the log ended")
