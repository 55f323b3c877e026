"""A tiny language of our own: a seeded Markov chain over an invented grammar. Plausible words, no meaning. Pure.

It stands in for a model with random weights, so that prompts, temperature, top-k, top-p and the number of steps each
make a difference that can be seen and repeated.
"""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from random import Random

_TEXT = {
    "the": "the this that each another every some its our",
    "adj": "quiet narrow amber patient distant hollow early coastal silver uneven gentle borrowed northern faint "
    "careful sudden woven copper restless shallow lucid winter broad tidal mended paper salted slow bright unfinished",
    "noun": "harbour lantern ledger orchard signal bridge kettle window corridor meadow engine ribbon archive compass "
    "garden ladder station whistle canvas river clock market notebook valley mirror workshop pebble gallery machine "
    "morning weather letter staircase island chorus feather furnace almanac lighthouse thread",
    "verb": "carries follows measures gathers answers forgets repairs borrows turns holds crosses names remembers "
    "opens divides lifts watches returns keeps folds describes reaches leaves counts softens draws settles",
    "adv": "slowly twice nearly again quietly always almost together rarely still elsewhere gladly",
    "prep": "under beyond across within beside toward without through around after before among",
    "join": "and but while because until so although where",
    "stop": ".",
    "comma": ",",
}
_LIKE = {"its": "the", "its adj": "adj", "object": "noun"}
"""Places after the verb, filled from the same words as those before it."""
_WORDS = {kind: tuple(_TEXT[_LIKE.get(kind, kind)].split()) for kind in (*_TEXT, *_LIKE)}
_START = (("the", 6.0), ("adj", 1.0), ("adv", 0.5))
_NEXT: dict[str, tuple[tuple[str, float], ...]] = {
    "start": _START,
    "stop": _START,
    "the": (("noun", 5.0), ("adj", 4.0)),
    "adj": (("noun", 7.0), ("adj", 0.8)),
    "noun": (("verb", 8.0), ("prep", 1.0)),
    "verb": (("its", 6.0), ("adv", 1.0)),
    "adv": (("its", 4.0), ("the", 1.0)),
    "its": (("object", 5.0), ("its adj", 4.0)),
    "its adj": (("object", 7.0),),
    "object": (("stop", 3.5), ("prep", 2.5), ("comma", 1.0), ("join", 1.5)),
    "prep": (("its", 6.0), ("object", 0.5)),
    "join": (("the", 5.0), ("adj", 1.0)),
    "comma": (("join", 3.0), ("prep", 2.0)),
}
_QUESTION_WORDS = "what that this with from about your have does tell when where which there their would could"
_COMMON = frozenset(_QUESTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose: temperature (0 = always the likeliest), top-k, top-p, and how many tokens."""

    temperature: float = 0.5
    top_k: int = 200
    top_p: float = 0.95
    steps: int = 128


def candidates(prompt: str, sampling: Sampling, seed: int, count: int = 1) -> list[tuple[str, float]]:
    """That many continuations with their scores (sums of log-probabilities, negative), best first."""
    made = [_continue(prompt, sampling, Random(f"{seed}/{number}/{prompt}")) for number in range(count)]
    return sorted(made, key=lambda each: -each[1])


def _continue(prompt: str, sampling: Sampling, rng: Random) -> tuple[str, float]:
    topic = [word for word in re.findall(r"[a-z]{4,12}", prompt.lower()) if word not in _COMMON][-12:]
    salt = zlib.crc32(prompt.encode())
    kind, word, score = "start", "", 0.0
    out: list[str] = []
    for step in range(max(0, sampling.steps)):
        options = _options(kind, word, topic, salt + step // 16)
        (kind, word), log_probability = _choose(options, sampling, rng)
        score += log_probability
        out.append(word)
    return _write(out), round(score - 0.01, 6)


def _options(kind: str, word: str, topic: list[str], salt: int) -> list[tuple[tuple[str, str], float]]:
    """Every next (kind, word) with its weight: each word likes some followers; the prompt's own words come up too."""
    found: list[tuple[tuple[str, str], float]] = []
    for following, weight in _NEXT[kind]:
        words = _WORDS[following]
        liked = [_liking(word, each, salt) for each in words]
        total = sum(liked)
        found += [((following, each), weight * like / total) for each, like in zip(words, liked, strict=True)]
        if following in ("noun", "object") and topic:
            found += [((following, each), weight * 0.06 / len(topic)) for each in dict.fromkeys(topic)]
    total = sum(weight for _, weight in found)
    return [(each, weight / total) for each, weight in found]


def _liking(word: str, following: str, salt: int) -> float:
    """How much one word likes to be followed by another: fixed for a prompt, steep, never nothing."""
    return math.exp((zlib.crc32(f"{word} {following} {salt}".encode()) % 1000) / 330.0)


def _choose(
    options: list[tuple[tuple[str, str], float]], sampling: Sampling, rng: Random
) -> tuple[tuple[str, str], float]:
    ranked = sorted(options, key=lambda each: (-each[1], each[0]))
    if sampling.temperature <= 0:
        return ranked[0][0], math.log(ranked[0][1])
    ranked = ranked[: sampling.top_k] if sampling.top_k > 0 else ranked
    heated = [weight ** (1.0 / max(sampling.temperature, 0.05)) for _, weight in ranked]
    total = sum(heated)
    kept, mass = 0, 0.0
    for weight in heated:
        kept, mass = kept + 1, mass + weight / total
        if mass >= sampling.top_p:
            break
    place = rng.choices(range(kept), weights=heated[:kept])[0]
    return ranked[place][0], math.log(ranked[place][1])


def _write(words: list[str]) -> str:
    """Words as text: capitals after a stop, no space before one."""
    text, fresh = "", True
    for word in words:
        if word in ".,":
            text += word
        else:
            text += (" " if text else "") + (word.capitalize() if fresh else word)
        fresh = word == "."
    return text
