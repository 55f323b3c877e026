"""Random legal Deployments, by seed. Exposure and the roles' scope are never said, so they keep their defaults."""

from __future__ import annotations

import string
from collections.abc import Iterator
from random import Random
from typing import Any

from saxtui.catalog import sax_models, tpus
from saxtui.model.deployment import Deployment

_PLACES = (("us-west4", "a"), ("europe-west4", "b"), ("us-central2", "b"), ("asia-northeast1", "b"), ("us-east5", "c"))
_CHANCES = 200


def deployments(seed: int, count: int) -> Iterator[Deployment]:
    """That many of them. Raises AssertionError when hardly anything random is legal."""
    dice = Random(seed)
    for _ in range(count):
        for _ in range(_CHANCES):
            try:
                found = Deployment.model_validate(_draw(dice))
            except ValueError:
                continue
            yield found
            break
        else:
            raise AssertionError("no legal deployment in many draws")


def _draw(dice: Random) -> dict[str, Any]:
    region, zone = dice.choice(_PLACES)
    project = _name(dice, 6, 28)
    wanted: dict[str, Any] = {
        "id": dice.choice(string.ascii_lowercase) + _letters(dice, 5, 11),
        "name": _name(dice, 1, 40),
        "project": project,
        "region": region,
        "zone": f"{region}-{zone}",
        "bucket": f"{project}-{_letters(dice, 4, 12)}",
    }
    maybe: dict[str, Any] = {
        "namespace": _name(dice, 1, 40),
        "adopt_bucket": dice.random() < 0.5,
        "extra_labels": {_name(dice, 1, 20): _letters(dice, 0, 20) for _ in range(dice.randint(0, 4))},
        "source_ranges": [f"203.0.113.{dice.randint(0, 255)}/32" for _ in range(dice.randint(0, 3))],
        "cluster": _cluster(dice),
        "identity": {"service_account": _name(dice, 6, 30), "kubernetes_account": _name(dice, 1, 40)},
    }
    wanted.update((key, maybe[key]) for key in maybe if dice.random() < 0.5)
    return {**wanted, **_slices(dice)}


def _cluster(dice: Random) -> dict[str, Any]:
    return {
        "name": _name(dice, 1, 40),
        "cpu_nodes": dice.randint(1, 100),
        "every_zone": dice.random() < 0.5,
        "private_nodes": dice.random() < 0.5,
        "adopt": dice.random() < 0.5,
        "release_channel": dice.choice(("", "rapid", "regular", "stable", "extended", "none")),
        "network": dice.choice(("", "default", _name(dice, 1, 20))),
        "cpu_machine_type": dice.choice(("e2-standard-4", "n2-standard-8")),
    }


def _slices(dice: Random) -> dict[str, Any]:
    """A generation, a topology of it, and a class that fits both."""
    generation = dice.choice(tuple(tpus.generations()))
    shape = dice.choice(tuple(tpus.topologies(generation)))
    slices = {"generation": generation, "topology": shape.topology, "count": dice.randint(1, 6)}
    slices.update(dice.choice(({}, {"spot": True}, {"reservation": _name(dice, 1, 20)}, {"flex_start": True})))
    slices["pool_prefix"] = dice.choice(("tpu", _name(dice, 1, 20)))
    fitting = sax_models.fitting(shape.chips)
    if not fitting:
        return {"slices": slices, "model": {"path": "saxml.server.own.Model"}}
    known = dice.choice(fitting)
    model = {"path": known.path, "checkpoint": "None" if known.test_mode else "gs://somebody/checkpoint_00000000"}
    return {"slices": slices, "model": model}


def _name(dice: Random, least: int, most: int) -> str:
    """A legal label of that length: letters and figures, dashes within."""
    inner = "".join(dice.choice(string.ascii_lowercase + string.digits + "-") for _ in range(dice.randint(least, most)))
    return dice.choice(string.ascii_lowercase) + inner[1:-1] + ("x" if len(inner) > 1 else "")


def _letters(dice: Random, least: int, most: int) -> str:
    return "".join(dice.choice(string.ascii_lowercase + string.digits) for _ in range(dice.randint(least, most)))
