"""A turn as lines, a conversation as Markdown, and what may be sent to whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saxtui.console.chat_markdown import Look
from saxtui.console.chat_parts import Scene, TurnBlock
from saxtui.console.chatting import answers_of, open_fields, partner, sampling_of
from saxtui.console.styling import Glyphs
from saxtui.engine.diagnosis import Fallen
from saxtui.model.conversation import Conversation, Turn, TurnState
from saxtui.model.serving import Candidate, ReplicaTruth, Rung, Sampling
from saxtui.model.talk import Abilities
from saxtui.model.workloads import Ending
from saxtui.present.chat import markdown, waiting_words
from tests.console.serving_fakes import NOW, model, slices

PLAIN = Glyphs(ascii_only=False)


def turn(state: TurnState, **more: object) -> Turn:
    return Turn(1, 1, "How many?", state, NOW, **more)  # type: ignore[arg-type]


def text_of(one: Turn, width: int = 90, now: float = NOW, *, expanded: bool = False) -> list[str]:
    scene = Scene(PLAIN, Look(ascii_only=False), now, expanded=frozenset({one.id} if expanded else ()))
    block = TurnBlock(one, "spmd", scene)
    block.open()
    lines = [line for part in block.parts for line in part.settle(width)]
    return ["".join(piece for piece, _ in line) for line in lines]


def test_an_answer_with_its_facts_and_candidates() -> None:
    candidates = (Candidate("quietly 7", -1.0), Candidate("the the", -12.4), Candidate("of of", -13.0))
    one = turn(TurnState.ANSWERED, candidates=candidates, seconds=2.0, sampling=Sampling(temperature=0.5))
    lines = text_of(one)
    assert lines[:3] == ["you      How many?", "spmd     quietly 7", "         ▸ 2 more candidates, scores -12.4 -13.0"]
    assert lines[3].startswith("         2.0 s · about 1 tok/s (estimate) · score -1.0 · temperature 0.5 · ")
    assert "         candidate 2, score -12.40" in text_of(one, expanded=True)
    assert "         the the" in text_of(one, expanded=True)


def test_what_the_server_counted_is_no_estimate() -> None:
    one = turn(TurnState.ANSWERED, candidates=(Candidate("x" * 80, None),), seconds=3.0, first=1.0, tokens=30)
    assert text_of(one)[-2].strip().startswith("3.0 s · first after 1.0 s · 15 tok/s (30 counted by the server) · ")


def test_waiting_counts_on() -> None:
    assert text_of(turn(TurnState.SENT), now=NOW + 72)[1] == "spmd     ◐ waiting 1:12   esc stops waiting"


def test_what_has_come_of_an_answer_is_shown_while_it_grows() -> None:
    lines = text_of(turn(TurnState.SENT, partial="so **far**", seconds=1.0), now=NOW + 1)
    assert lines[1] == "spmd     so far"
    assert lines[2].strip().endswith("about 2 tok/s (estimate)   esc stops it")


def test_a_queued_prompt_says_that_it_was_not_sent() -> None:
    assert text_of(turn(TurnState.QUEUED, said="the model loads"))[1] == "spmd     ○ queued, not sent: the model loads"


@pytest.mark.parametrize("state", [TurnState.FAILED, TurnState.UNANSWERED])
def test_what_has_no_answer_says_why_and_how_to_go_on(state: TurnState) -> None:
    lines = text_of(turn(state, said="timed out"))
    assert "timed out" in lines[1]
    assert lines[2].strip() == "^r sends it again"


def test_markdown_fences_are_longer_than_any_in_the_text() -> None:
    one = turn(TurnState.ANSWERED, candidates=(Candidate("a\n````\nb", -1.0),), seconds=1.0)
    text = markdown(Conversation(1, "d", "/sax/test/spmd", "How many?", NOW, NOW), [one])
    assert "`````text\na\n````\nb\n`````" in text
    assert "```text\nHow many?\n```" in text


@pytest.mark.parametrize(
    ("rungs", "reason"),
    [
        ((Rung.LOADED, Rung.LOADING), ""),
        ((Rung.ANSWERED,), ""),
        ((Rung.ASSIGNED, Rung.LOADING), "not loaded yet (assigned 2/2 · loaded 0/2)"),
        ((Rung.FAILED, Rung.LOADING), "failed to load"),
    ],
)
def test_who_can_answer(rungs: tuple[Rung, ...], reason: str) -> None:
    found = partner("/sax/test/spmd", "p", [model(*rungs)])
    assert reason in found.reason and bool(reason) == bool(found.reason)


def test_a_host_that_died_is_named_until_a_slice_can_answer() -> None:
    broken = replace(model(Rung.LOADED), replicas=(ReplicaTruth(0, Rung.LOADED, broken="7 of 8 hosts are there"),))
    assert partner("/sax/test/spmd", "p", [broken]).reason == (
        "slice 0 cannot answer: 7 of 8 hosts are there; prompts are queued"
    )
    deaths = [Fallen("a", "uid-0-3", 0, 3, Ending(137, "OOMKilled", at=NOW)),
              Fallen("b", "uid-0-4", 0, 4, Ending(143, "Error", at=NOW + 2)),
              Fallen("c", "uid-1-1", 1, 1, Ending(1, "Error", at=NOW - 900))]  # fmt: skip
    said = partner("/sax/test/spmd", "p", [broken], deaths, slices(1)).reason
    assert said.startswith("host 0-3 died at ") and "(OOMKilled, exit code 137); prompts are queued" in said
    without = slices(1, holes=((0, 3),))
    said = partner("/sax/test/spmd", "p", [model(Rung.ASSIGNED)], deaths, without).reason
    assert "JobSet restarts all slices (1 of 4); prompts are queued until the model is loaded, 9-10 min" in said
    over = replace(without, jobset=replace(without.jobset, terminal="Failed"))
    assert "failed for good" in partner("/sax/test/spmd", "p", [broken], deaths, over).reason
    half = replace(model(Rung.LOADED, Rung.LOADED), replicas=(*model(Rung.LOADED).replicas, broken.replicas[0]))
    found = partner("/sax/test/spmd", "p", [half], deaths, without)
    assert (found.reason, found.warning) == ("", "slice 0 cannot answer: 7 of 8 hosts are there")


def test_a_death_before_the_publishing_is_not_what_it_waits_for() -> None:
    published = model(Rung.LOADING)
    before = min(found.at for found in published.replicas[0].evidence) - 60
    deaths = [Fallen("a", "uid-0-3", 0, 3, Ending(137, at=before))]
    assert "is not loaded yet" in partner("/sax/test/spmd", "p", [published], deaths, slices(1)).reason


def test_unknown_is_left_to_the_engine_and_another_model_is_taken() -> None:
    assert partner("/sax/test/a", "p", None).reason == ""
    assert "is not published" in partner("/sax/test/a", "p", []).reason
    assert partner("/sax/test/a", "p", [model(Rung.LOADED)]).id == "/sax/test/spmd"


def test_fields_are_those_the_server_takes() -> None:
    every = frozenset({"temperature", "top_k", "top_p", "max_steps"})
    assert open_fields(None) == open_fields(Abilities()) == ()
    assert open_fields(Abilities(parameters=every)) == ("temperature", "top-k", "top-p", "max steps")
    assert open_fields(Abilities(parameters=frozenset({"top_p"}), count=True)) == ("top-p", "answers")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({}, None),
        ({"temperature": " "}, None),
        ({"temperature": "0"}, Sampling(temperature=0.0)),
        ({"top-k": "200", "max steps": "64"}, Sampling(None, 200, None, 64)),
    ],
)
def test_parameters(texts: dict[str, str], expected: Sampling | None) -> None:
    assert sampling_of(texts) == expected


@pytest.mark.parametrize("texts", [{"top-p": "2"}, {"top-k": "1.5"}, {"max steps": "0"}, {"temperature": "hot"}])
def test_bad_parameters_name_their_field(texts: dict[str, str]) -> None:
    (name,) = texts
    with pytest.raises(ValueError, match=f"^{name}: a "):
        sampling_of(texts)


def test_how_many_answers() -> None:
    assert answers_of({}) == 1
    assert answers_of({"answers": "3"}) == 3
    with pytest.raises(ValueError, match="answers: a whole number"):
        answers_of({"answers": "17"})


def test_what_a_prompt_waits_for() -> None:
    assert (
        waiting_words("m is loading", NOW - 130, (540, 600), NOW) == "m is loading, 2:10 so far, usually 9:00 to 10:00"
    )
    assert waiting_words("m is not published", 0.0, None, NOW) == "m is not published"
