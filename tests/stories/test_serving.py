"""Serving on an embedded cloud, in both dialects of the HTTP server: loads that take their time, loads that fail,
answers that are none, and a host that dies. A prompt is never lost and never sent twice."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from saxtui.cli.main import run
from saxtui.engine.runtime import Runtime
from saxtui.engine.serving.asking import Waiting
from saxtui.engine.session import Session
from saxtui.errors import Ambiguous, CallError, ExitCode, Invalid, NotReady, Refused, StepFailed
from saxtui.model.deployment import Deployment, Images
from saxtui.model.serving import Dialect, ModelStatus, Pulse, Rung
from saxtui.model.talk import Answer, Ask, Piece
from saxtui.ports import Ref
from tests.stories.on_slices import bring_up
from tests.stories.robot import PYTHON, EmbeddedCloud

SPEED = 60.0
LIMIT = 90.0
PROMPTS = """
title: Everything that can go wrong with a prompt, one after the other
description: The next prompt is answered with 400, and those after it each in another way that is no answer.
faults:
  - {when: {request: {service: sax, path: ^/generate}}, fault: error, status: 400}
  - {when: {request: {service: sax, path: ^/generate}}, fault: error, status: 500}
  - {when: {request: {service: sax, path: ^/generate}}, fault: drop}
  - {when: {request: {service: sax, path: ^/generate}}, fault: html, status: 200}
  - {when: {request: {service: sax, path: ^/generate}}, fault: garbage}
  - {when: {request: {service: sax, path: ^/generate}}, fault: huge, megabytes: 10}
  - {when: {request: {service: sax, path: ^/generate}}, fault: hang, seconds: 480}
"""
OUT_OF_MEMORY = "faults: [{when: {on: model.load, nth: 2}, fault: load-fails, problem: hbm}]"
FLOOD = """faults: [{when: {at: 0}, fault: log-flood, pods: "-[01]-[01]-", count: 4, lines: 20500, text: chatter}]"""
HOST_DIES = "faults: [{when: {at: 0}, fault: container-exits, pods: sax-model-server-0-3, code: 137}]"
MODEL = "/sax/test/spmd"
SMALL = "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd2B32Test"


@dataclass
class Place:
    """A cloud with the tutorial's deployment up on it, and the surroundings to reach it with."""

    cloud: EmbeddedCloud
    environ: dict[str, str]
    deployment: Deployment
    dialect: Dialect
    folder: Path

    @asynccontextmanager
    async def session(self, *, write: bool = True) -> AsyncIterator[Session]:
        runtime = Runtime.open(self.environ)
        try:
            yield await runtime.session(self.deployment, write=write)
        finally:
            await runtime.close()

    def play(self, scenario: str) -> None:
        """Let that go wrong from now on."""
        file = self.folder / "scenario.yaml"
        file.write_text(scenario, encoding="utf-8")
        self.cloud.play(file)

    def prompts(self) -> list[dict[str, Any]]:
        """The requests that carried a prompt, as the cloud saw them."""
        return [found for found in self.cloud.requests() if str(found["path"]).endswith("/generate")]


DIALECTS = [
    pytest.param(Dialect.OLD, id="v1.0.0"), pytest.param(Dialect.NEW, id="v1.2.0", marks=pytest.mark.long),
]  # fmt: skip


@pytest.fixture(scope="module", params=DIALECTS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("serving")
    tag = {Dialect.OLD: "v1.0.0", Dialect.NEW: "v1.2.0"}[request.param]
    wanted = Deployment(
        id="abcdef", name="spmd", project="demo-project", bucket="demo-project-spmd",
        images=Images(http=f"us-docker.pkg.dev/cloud-tpu-images/inference/sax-http:{tag}"),
    )  # fmt: skip
    cloud = EmbeddedCloud.start(folder / "cloud", speed=SPEED, seed=7)
    try:
        found = Place(cloud, {**cloud.env, "SAXTUI_STATE": str(folder / "state")}, wanted, request.param, folder)
        asyncio.run(bring_up(found.environ, wanted))
        yield found
    finally:
        cloud.stop()


async def test_a7_ten_minute_load(place: Place) -> None:
    """Assigned is not loaded; a prompt waits for the load and is sent once, after the proof."""
    before = len(place.prompts())
    async with place.session() as session, asyncio.timeout(LIMIT):
        await session.unpublish()
        await session.publish()
        status = await until(session, lambda status: status.active_replicas == 2)
        assert (status.loaded, status.usual) == (0, (540.0, 600.0))
        assert {item.rung for item in status.replicas} <= {Rung.ASSIGNED, Rung.LOADING}
        with pytest.raises(NotReady, match="0 loaded") as early:
            await session.generate("too early")
        assert early.value.exit_code is ExitCode.LOADING
        steps, sent = [], []

        async def sending() -> None:
            sent.append(session.cloud.clock.now())

        async for step in session.asking.put(Ask("How many days are in a week?"), sending):
            steps.append(step)
        assert isinstance(steps[0], Waiting)
        assert "is loading" in steps[0].said
        assert answer(steps).text
        status = await session.wait_loaded(timeout=3600)
        loaded = min(item.at for replica in status.replicas for item in replica.evidence if item.rung is Rung.LOADED)
        assert len(sent) == 1
        assert sent[0] >= loaded
        for replica in status.replicas:
            by = {item.rung: item for item in replica.evidence}
            assert by[Rung.PUBLISHED].source == "GET /listcell"
            assert by[Rung.ASSIGNED].source.startswith(("GET /listcell", "sax-admin-server-"))
            assert by[Rung.LOADING].source.startswith(f"sax-model-server-set-sax-model-server-{replica.slice}-0-")
            assert "Successfully loaded model" in by[Rung.LOADED].line
            assert by[Rung.LOADING].at < by[Rung.LOADED].at
        assert len(place.prompts()) == before + 1


@pytest.mark.long
async def test_the_status_page_proves_what_the_logs_have_lost(place: Place) -> None:
    """The primaries' logs are flooded beyond what is read of them: Sax's own word is taken, by port-forward."""
    await all_loaded(place)
    await asyncio.to_thread(place.play, FLOOD)
    async with place.session() as session, asyncio.timeout(LIMIT):
        (status,) = await session.models()
        assert (status.loaded, status.able) == (2, 2)
        for replica in status.replicas:
            proof = replica.evidence[-1]
            assert proof.rung is Rung.LOADED and proof.source.endswith(" status page")
            assert proof.line.endswith(f" {MODEL}: LOADED")
        # Whole logs again, for the stories after this one; and a page about the servers before is no proof of the new.
        await asyncio.to_thread(place.play, HOST_DIES)
        await until(session, lambda status: status.able == 0)
        status = await session.wait_loaded(timeout=3600)
        assert all("Successfully loaded" in replica.evidence[-1].line for replica in status.replicas)


BAD = [
    (Invalid, "StatusNotOk", "400"), (Ambiguous, "StatusNotOk", "500"), (Ambiguous, "EOF", "dropped"),
    (Ambiguous, "a web page", "a web page"), (Ambiguous, "unknown shape", "garbage"),
    (Ambiguous, "longer than", "10 MiB"),
]  # fmt: skip


async def test_a15_answers_that_are_none(place: Place) -> None:
    """Each is told in one line and never asked again; then one request hangs."""
    async with place.session() as session, asyncio.timeout(LIMIT):
        await loaded(session)
        before = len(place.prompts())
        await asyncio.to_thread(place.play, PROMPTS)
        assert session.dialect is place.dialect
        for kind, said, name in BAD:
            with pytest.raises(kind, match=said) as raised:
                await put(session, f"prompt for {name}")
            assert type(raised.value) is kind, name
            assert "\n" not in raised.value.problem.one_line()
        with pytest.raises(Ambiguous, match="no answer in") as hung:
            await put(session, "prompt that hangs", timeout=2.0)
        assert hung.value.problem.reason == "TIMEOUT"
        assert hung.value.problem.command == "saxtui why"
        await after_a_hang(session, place.dialect)
    assert len(place.prompts()) == before + len(BAD) + 2


async def after_a_hang(session: Session, dialect: Dialect) -> None:
    """The old server is blocked: nobody asks it more, a prompt waits, and goes out by itself when it is free."""
    looked = await session.models()
    reached, part = session.store.state.reach.value, session.store.state.models
    assert reached is not None
    assert reached.blocked is (dialect is Dialect.OLD)
    assert ("one request blocks all" in part.error) is (dialect is Dialect.OLD)
    assert looked[0].loaded == 2
    steps = [step async for step in session.asking.put(Ask("after the hang"))]
    waited = [step for step in steps if isinstance(step, Waiting)]
    assert bool(waited) is (dialect is Dialect.OLD)
    assert answer(steps).text
    reached = session.store.state.reach.value
    assert reached is not None
    assert not reached.blocked
    await session.models()
    assert session.store.state.models.error == ""


async def test_a11_out_of_memory_on_one_slice(place: Place) -> None:
    """/listcell goes on counting two; the failure is final, and the way out works."""
    async with place.session() as session, asyncio.timeout(LIMIT):
        await session.unpublish()
        await asyncio.to_thread(place.play, OUT_OF_MEMORY)
        await session.publish()
        with pytest.raises(StepFailed, match="RESOURCE_EXHAUSTED") as failed:
            await session.wait_loaded(timeout=3600)
        assert "never tries again" in failed.value.problem.next_step
        status = await until(session, lambda status: status.loaded == 1)
        assert (status.active_replicas, status.failed) == (2, 1)
        assert (await session.generate("one slice is enough")).text
        await session.unpublish()
        assert await session.models() == ()
        status = await session.publish(path=SMALL)
        assert (await session.wait_loaded(timeout=3600)).loaded == 2, "what was told of the life before must not count"


async def test_a11_class_that_no_server_has(place: Place) -> None:
    async with place.session() as session, asyncio.timeout(LIMIT):
        await session.unpublish()
        with pytest.raises(Refused, match="chips"):
            await session.publish(path=SMALL.replace("32Test", "16Test"))
        await session.publish(path="saxml.server.pax.lm.params.lm_cloud.NoSuchClass")
        with pytest.raises(StepFailed, match=r"no server offers .*LmCloudSpmd175B32Test") as lost:
            await session.wait_loaded(timeout=3600)
        assert lost.value.problem.reason == "NOT_OFFERED"
        await session.unpublish()


@pytest.mark.parametrize("count", [6, pytest.param(60, marks=pytest.mark.long)])
def test_a14_a_load_test_and_its_history(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int
) -> None:
    """Percentiles for each number at once, what makes them mean little, and the run kept and read back."""

    def bench(*arguments: str) -> tuple[str, list[dict[str, Any]]]:
        assert run(["bench", *arguments], place.environ, lambda _environ: 0) == 0
        out = capsys.readouterr().out
        return out, [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    asyncio.run(all_loaded(place))
    before = len(place.prompts())
    file = tmp_path / "run.json"
    load = ("-d", "spmd", "--concurrency", "1,2,4", "-n", str(count))
    _, records = bench(*load, "--export", str(file), "--json")
    assert len(place.prompts()) - before == 3 * (count + 1), "one to warm up for each"
    rows = [record for record in records if record["type"] == "measured"]
    assert [(row["concurrency"], row["answers"], row["errors"]) for row in rows] == [
        (1, count, {}), (2, count, {}), (4, count, {})
    ]  # fmt: skip
    for row in rows:
        assert 0 < row["latency"]["p50"] <= row["latency"]["p90"] <= row["latency"]["p99"]
        assert row["per_second"] > 0 and row["tokens_per_second"] > 0 and not row["tokens_counted"]
    kept = records[-1]
    assert kept["type"] == "bench"
    assert kept["server"] == {Dialect.OLD: "sax-http v1.0.0", Dialect.NEW: "sax-http v1.2.0"}[place.dialect]
    notes = "\n".join(kept["notes"])
    assert "tokens are estimated" in notes
    assert ("one request at a time" in notes) is (place.dialect is Dialect.OLD)
    assert [len(one["samples"]) for one in json.loads(file.read_text())["measured"]] == [count] * 3
    assert kept["id"] in [record["id"] for record in bench("--runs", "--json")[1]]
    again, _ = bench("--show", kept["id"], "--compare", str(file))
    for word in ("p50", "p90", "p99", "req/s", "errors", "~", f"against {kept['id']}: 4 at once: p50 x1.00"):
        assert word in again
    status = run_status(place, capsys)
    assert status["first_answer"]["seconds"] > 600 and status["first_answer"]["spent"] > 0
    assert run(["models", "-d", "spmd", "--canary"], place.environ, lambda _environ: 0) == 0
    beat = run_status(place, capsys)["beat"]
    assert (beat["pulse"], beat["model"]) == ("ok", MODEL) and beat["seconds"] > 0 and beat["age"] > 0


def run_status(place: Place, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The last record of `status`; its text says the same."""
    capsys.readouterr()
    assert run(["status", "-d", "spmd"], place.environ, lambda _environ: 0) == 0
    text = capsys.readouterr().out
    assert "first answer: " in text and "canary: " in text
    assert run(["status", "-d", "spmd", "--json"], place.environ, lambda _environ: 0) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


@pytest.mark.long
async def test_a14_ctrl_c_ends_a_load_test(place: Place) -> None:
    """With what was measured; the load itself would go on for longer than the test may take."""
    await all_loaded(place)
    command = (PYTHON, "-m", "saxtui", "bench", "-d", "spmd", "--duration", str(3600 * SPEED), "--json")
    pipe = asyncio.subprocess.PIPE
    going = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=place.environ)
    assert going.stderr is not None
    while b"requests so far" not in await going.stderr.readline():
        pass
    going.send_signal(signal.SIGINT)
    out, _ = await asyncio.wait_for(going.communicate(), LIMIT)
    (row,) = [found for line in out.splitlines() if (found := json.loads(line))["type"] == "measured"]
    assert (going.returncode, row["stopped"]) == (0, True) and row["answers"] > 0


@pytest.mark.long
async def test_two_models_side_by_side_and_one_that_came_back(place: Place) -> None:
    """One slice each, by `update`; a model this journal knows nothing of is told from ours."""
    async with place.session() as session, asyncio.timeout(LIMIT):
        await session.unpublish()
        await session.publish(path=SMALL)
        with pytest.raises(Refused, match="3 replicas need 3 slices"):
            await session.update(replicas=3)
        await session.wait_loaded(timeout=3600)
        assert (await session.update(replicas=1)).max_replicas == 1
        await session.publish("/sax/test/other", SMALL, replicas=1)
        await session.wait_loaded("/sax/test/other", timeout=3600)
        for name in (MODEL, "/sax/test/other"):
            assert answer([step async for step in session.asking.put(Ask("and you?", name))]).text
        assert {status.id: status.ours for status in await session.models()} == {MODEL: True, "/sax/test/other": True}
    stranger = place.deployment.model_copy(update={"id": "zyxwvu", "name": "stranger"})
    runtime = Runtime.open(place.environ)
    found = await (await runtime.session(stranger, write=False)).models()
    assert {status.id: status.ours for status in found} == {MODEL: False, "/sax/test/other": False}
    await runtime.close()
    async with place.session() as session:
        await session.unpublish("/sax/test/other")
        await session.update(replicas=2)


@pytest.mark.long
def test_command_line(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same at the command line: the exit code and the reason tell what happened."""

    def saxtui(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
        code = run([*arguments, "-d", "spmd", "--json"], place.environ, lambda _environ: 0)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    prompt = tmp_path / "prompt.txt"
    prompt.write_text("How many days\nare in a week?\n", encoding="utf-8")
    saxtui("publish", "--path", SMALL)
    code, records = saxtui("generate", "--wait", "--file", str(prompt))
    assert code == 0
    assert records[-1]["type"] == "reply"
    assert records[-1]["prompt"] == "How many days\nare in a week?"
    code, records = saxtui("models", "--canary")
    kinds = {record["type"]: record for record in records}
    assert (code, kinds["beat"]["pulse"], kinds["reach"]["way"]) == (0, "ok", "API server")
    assert (kinds["model"]["able"], kinds["model"]["ours"]) == (2, True)
    assert saxtui("unpublish")[0] == 0
    code, records = saxtui("generate", "nobody")
    assert (code, records[-1]["problem"]["reason"]) == (1, "NOT_PUBLISHED")
    code, records = saxtui("publish", "--path", SMALL, "--replicas", "3")
    assert (code, records[-1]["problem"]["reason"]) == (1, "TOO_MANY_REPLICAS")
    assert saxtui("publish")[0] == 0
    assert saxtui("publish", "--model", "/sax/test/late", "--path", SMALL, "--replicas", "1")[0] == 0
    code, records = saxtui("generate", "--model", "/sax/test/late", "both slices are taken")
    assert (code, records[-1]["problem"]["reason"]) == (5, "NOT_LOADED")
    code, records = saxtui("models", "--model", "/sax/test/late", "--wait", "--timeout", "1")
    assert (code, records[-1]["problem"]["reason"]) == (6, "NOT_LOADED")
    assert saxtui("unpublish", "--model", "/sax/test/late")[0] == 0
    assert saxtui("generate", "--wait", "now?")[0] == 0


@pytest.mark.long
async def test_address_comes_and_goes(place: Place) -> None:
    """The load balancer is used as soon as it answers, and left when it is gone; no prompt notices."""
    async with place.session() as session, asyncio.timeout(LIMIT):
        await loaded(session)
        watching = asyncio.create_task(session.watch())
        ways = [await way_of_a_prompt(session, lambda way: True)]
        service = Ref("v1", "Service", "sax-http-lb", "default")
        kubernetes = await session.connection.kubernetes()
        for kind, straight in (("LoadBalancer", True), ("ClusterIP", False)):
            await kubernetes.patch(service, {"spec": {"type": kind}})
            ways.append(await way_of_a_prompt(session, lambda way: (way != "API server") is straight))  # noqa: B023
        assert ways[0] == ways[2] == "API server"
        assert ways[1].startswith("34.")
        straight_prompts = [found for found in place.prompts() if "/vpc/" in found["path"]]
        assert [found["path"] for found in straight_prompts] == [f"/vpc/{ways[1]}/8888/generate"]
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def way_of_a_prompt(session: Session, wanted: Callable[[str], bool]) -> str:
    """Wait until the server is reached that way; then a prompt is answered, by which way?"""
    while True:
        await session.models()
        reached = session.store.state.reach.value
        if reached is not None and wanted(reached.way):
            break
        await session.cloud.clock.sleep(20.0)
    assert (await put(session, "which way?")).text
    return session.store.state.reach.value.way if session.store.state.reach.value else ""


@pytest.mark.long
async def test_host_dies_and_comes_back(place: Place) -> None:
    """The prompts that are put meanwhile wait, and are answered after the restart with no act of anybody."""
    async with place.session() as session, asyncio.timeout(LIMIT):
        await loaded(session)
        watching = [asyncio.create_task(session.watch()), asyncio.create_task(session.tend())]
        await until_state(session, lambda: able(session) == 2, "both slices can answer")
        before = len(place.prompts())
        await asyncio.to_thread(place.play, HOST_DIES)
        session.canary.on = False
        await until_state(session, lambda: able(session) == 0, "the slices are told to be down")
        steps = [step async for step in session.asking.put(Ask("How many days are in a week?"))]
        assert isinstance(steps[0], Waiting)
        assert answer(steps).text
        beats = session.store.state.beats.value or ()
        session.canary.on = True
        await until_state(session, lambda: len(session.store.state.beats.value or ()) > len(beats), "it beats again")
        assert (session.store.state.beats.value or ())[-1].pulse in (Pulse.OK, Pulse.SLOW)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        assert len(place.prompts()) > before


async def loaded(session: Session) -> None:
    """Every slice can answer, whichever test came before."""
    found = [status for status in await session.models() if status.id == MODEL]
    if not found:
        await session.publish()
    await session.wait_loaded(timeout=3600)


async def all_loaded(place: Place) -> None:
    async with place.session() as session, asyncio.timeout(LIMIT):
        await loaded(session)


def able(session: Session) -> int:
    return sum(status.able for status in session.store.state.models.value or ())


def answer(steps: list[Waiting | Piece]) -> Answer:
    """The whole answer a prompt ended with."""
    last = steps[-1]
    assert isinstance(last, Piece)
    assert last.answer is not None
    return last.answer


async def put(session: Session, prompt: str, timeout: float = 60.0) -> Answer:
    async with aclosing(session.asking.put(Ask(prompt, timeout=timeout))) as steps:
        return answer([step async for step in steps])


async def until(session: Session, holds: Callable[[ModelStatus], bool]) -> ModelStatus:
    """Look until the deployment's model is so."""
    while True:
        try:
            found = [status for status in await session.models() if status.id == MODEL]
        except CallError:
            found = []
        if found and holds(found[0]):
            return found[0]
        await session.cloud.clock.sleep(2.0)


async def until_state(session: Session, holds: Callable[[], bool], what: str) -> None:
    """Wait for the store to change until it is so; the test's own deadline ends it."""
    revision = -1
    while not holds():
        revision = await session.store.changed(revision)
