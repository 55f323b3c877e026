"""What the journal remembers of models, over a real journal on disk."""

from __future__ import annotations

from pathlib import Path

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.disk.library import DiskLibrary
from saxtui.engine.serving.book import Book
from saxtui.engine.store import Store
from saxtui.model import events as ev
from saxtui.model.deployment import Deployment
from saxtui.model.serving import Evidence, ModelStatus, ReplicaTruth, Rung

WANTED = Deployment(id="abcdef", name="spmd", project="demo-project", bucket="demo-project-spmd")
MODEL = "/sax/test/spmd"


def loaded(began: float, done: float) -> ModelStatus:
    evidence = (Evidence(Rung.LOADING, "0-0", "Loading", began), Evidence(Rung.LOADED, "0-0", "loaded", done))
    return ModelStatus(MODEL, "a.b.C", "None", 1, 1, (ReplicaTruth(0, Rung.LOADED, evidence),))


async def test_it_outlives_the_process_and_each_load_is_written_once(tmp_path: Path) -> None:
    library, clock = DiskLibrary(tmp_path), SystemClock()
    async with library.open_journal(WANTED) as journal:
        book = Book(journal, Store(), clock)
        assert await book.known() == {}
        await book.published(MODEL, "a.b.C", "None", 2)
        since = book.published_at(MODEL)
        await book.published(MODEL, "a.b.C", "None", 1)
        assert book.published_at(MODEL) == since, "a change is no new life"
        assert await book.loads(loaded(10.0, 550.0))
        assert not await book.loads(loaded(10.0, 550.0))
    async with library.open_journal(WANTED) as journal:
        book = Book(journal, Store(), clock)
        assert await book.known() == {MODEL: True}
        assert not await book.loads(loaded(10.0, 550.0))
        assert await book.loads(loaded(700.0, 1200.0))
        await book.unpublished(MODEL)
        assert (await book.known(), book.published_at(MODEL)) == ({MODEL: False}, 0.0)
        assert book.gone_at(MODEL) >= since > 0.0
        times = [event.seconds for event in await journal.events() if isinstance(event, ev.ModelLoaded)]
        assert times == [540.0, 500.0]


async def test_a_journal_that_only_reads_keeps_it_for_this_process(tmp_path: Path) -> None:
    library, clock = DiskLibrary(tmp_path), SystemClock()
    async with library.open_journal(WANTED) as journal:
        await journal.append(
            ev.ModelPublished(at=1.0, run="", model="/sax/test/a", path="p", checkpoint="c", replicas=1)
        )
    async with library.open_journal(WANTED, write=False) as journal:
        book = Book(journal, Store(), clock)
        await book.published(MODEL, "a.b.C", "None", 2)
        assert await book.known() == {"/sax/test/a": True, MODEL: True}
        assert len(await journal.events()) == 1


async def test_the_first_answer_is_written_once_in_a_life(tmp_path: Path) -> None:
    library, clock, jotted = DiskLibrary(tmp_path), SystemClock(), list[ev.Event]()

    async def jot(event: ev.Event) -> None:
        jotted.append(event)

    async with library.open_journal(WANTED) as journal:
        store = Store()
        book = Book(journal, store, clock, jot)
        await book.answered(MODEL, 8.0)
        await book.answered(MODEL, 9.0)
        assert [event.seconds for event in await journal.events() if isinstance(event, ev.ModelAnswered)] == [8.0]
        store.apply(ev.RunFinished(at=clock.now(), run="r", kind="down", outcome="done"))
        await book.answered(MODEL, 7.0)
        assert len(await journal.events()) == 2 and jotted == []
    async with library.open_journal(WANTED, write=False) as journal:
        book = Book(journal, Store(), clock, jot)
        await book.answered(MODEL, 6.0)
        await book.answered(MODEL, 5.0)
    assert [getattr(event, "seconds", 0.0) for event in jotted] == [6.0]
