"""The small language model."""

from __future__ import annotations

from saxtui.emulator.sax.language import Sampling, candidates


def words(text: str) -> list[str]:
    return text.replace(".", " .").replace(",", " ,").split()


def test_the_same_seed_and_prompt_say_the_same() -> None:
    assert candidates("What is a TPU?", Sampling(), 7) == candidates("What is a TPU?", Sampling(), 7)


def test_prompt_and_seed_each_make_a_difference() -> None:
    said = {candidates(prompt, Sampling(), seed)[0][0] for prompt in ("one", "two") for seed in (1, 2)}
    assert len(said) == 4


def test_no_more_tokens_than_asked_for() -> None:
    for steps in (0, 1, 17, 128):
        [(text, _)] = candidates("p", Sampling(steps=steps), 3)
        assert len(words(text)) == steps


def test_zero_temperature_and_top_one_leave_nothing_to_chance() -> None:
    for sampling in (Sampling(temperature=0), Sampling(top_k=1), Sampling(top_p=1e-9)):
        assert candidates("p", sampling, 1)[0][0] == candidates("p", sampling, 2)[0][0]


def test_heat_makes_it_less_likely() -> None:
    def mean(temperature: float) -> float:
        scores = [candidates("p", Sampling(temperature=temperature, top_p=1.0), seed)[0][1] for seed in range(20)]
        return sum(scores) / len(scores)

    assert mean(0.0) > mean(0.5) > mean(1.5)


def test_candidates_come_best_first_with_negative_scores() -> None:
    found = candidates("p", Sampling(), 5, count=4)
    scores = [score for _, score in found]
    assert len(found) == 4 and scores == sorted(scores, reverse=True) and scores[0] < 0
