"""What the wizard's answers come to: chips, hosts, dollars an hour, and the arithmetic behind them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saxtui.catalog import prices, sax_models, tpus
from saxtui.console.setup.draft import Draft, number
from saxtui.console.setup.questions import AS_CLASS, BYTES, FLEX_START, ON_DEMAND, RESERVATION, SPOT, YES
from saxtui.model import cost, sizing
from saxtui.present.mesh import host_mesh
from saxtui.present.words import PRIMARY


@dataclass(frozen=True, slots=True)
class Meaning:
    """One line of the right side: a label, what follows from the answer, and a colour role."""

    label: str
    text: str
    role: str = ""


def shape_of(draft: Draft) -> tpus.SliceShape | None:
    """The catalogue's row for the chosen slice, None while the answer is not legal."""
    try:
        return tpus.shape(draft.generation, draft.topology)
    except KeyError:
        return None


def of_page(page: int, draft: Draft, made: Any) -> list[Meaning]:
    """The lines for that page. `made` is the Deployment when every answer is good, else None."""
    return (_project, _model, _slice, _names, _advanced, _review)[page](draft, made)


def _project(draft: Draft, _made: Any) -> list[Meaning]:
    return [
        Meaning("bills", f"everything is made in and billed to {draft.project or 'this project'}"),
        Meaning("needs", "Kubernetes Engine, Cloud Storage, IAM and Compute APIs switched on"),
        Meaning("sent", "reads only, until the project id is typed on Review", "ok"),
    ]


def _model(draft: Draft, _made: Any) -> list[Meaning]:
    known = sax_models.find(draft.model_path)
    if known is None:
        lines = [Meaning("class", f"{draft.model_path.rpartition('.')[2]} is not in the catalogue", "warn")]
        return lines + (_sizing(draft) or [Meaning("size", "unknown: say how many parameters it has", "warn")])
    weights = f"{known.weights_gb:g} GB" if known.weights_gb is not None else "unknown"
    lines = [
        Meaning("class", known.name, "strong"),
        Meaning("size", f"{known.params_b:g} billion parameters, {weights} of weights"),
        Meaning("chips", "a slice of exactly " + " or ".join(str(count) for count in known.chips)),
        Meaning("weights", "random: a test class takes no checkpoint" if known.test_mode else "from the checkpoint"),
    ]
    lines += _sizing(draft)
    return [*lines, Meaning("note", known.note, "dim")] if known.note else lines


def _slice(draft: Draft, _made: Any) -> list[Meaning]:
    shape = shape_of(draft)
    if shape is None:
        return [Meaning("slice", f"{draft.topology} is no {draft.generation} topology", "bad")]
    count = int(draft.count) if draft.count.isdigit() else 0
    lines = [
        Meaning("slice", f"{shape.topology}: {shape.hosts} hosts x {shape.chips_per_host} chips, {shape.machine_type}"),
        Meaning("slices", f"{count} -> {count * shape.chips} chips, {count * shape.hosts} hosts and pods"),
    ]
    known = sax_models.find(draft.model_path)
    reason, found = why_not(draft, shape), sized(draft)
    full = f", {found.needed_gb / shape.hbm_gb:.0%} full" if found else ""
    if known is not None or found is not None:
        name = known.name if known else "the class"
        lines.append(Meaning("model", reason or f"{name} fits{full}", "bad" if reason else "ok"))
    if known is not None and shape.chips not in known.chips:
        others = ", ".join(model.name for model in sax_models.fitting(shape.chips, draft.release)[:3]) or "none"
        lines.append(Meaning("", f"classes that fit {shape.chips} chips: {others}", "dim"))
    lines += _sizing(draft)
    lines.append(_price(draft, shape, count))
    offers = draft.generation in tpus.generations() and tpus.offers(draft.zone, draft.generation)
    lines.append(Meaning("zone", f"{draft.zone} " + ("offers it (catalogue)" if offers else "is not known to offer it"),
                         "ok" if offers else "warn"))  # fmt: skip
    lines.append(Meaning("capacity", _CAPACITY[draft.capacity], "warn" if draft.capacity != ON_DEMAND else "dim"))
    return lines


_CAPACITY = {
    ON_DEMAND: "whether chips are free cannot be known beforehand",
    SPOT: "spot: may be taken away at any time; cannot be known beforehand",
    RESERVATION: "yours already: it must be for this machine type, in this zone",
    FLEX_START: "flex-start: hosts come together when pods ask, for seven days at most, neither spot nor reserved",
}
_KIND = {ON_DEMAND: "list", SPOT: "spot", RESERVATION: "list", FLEX_START: "list"}


def sized(draft: Draft) -> sizing.Sizing | None:
    """What the model needs on the draft's generation, with its cache and headroom; None where its size is unknown."""
    room = sizing.Room(number(draft.cache_gb) or 0.0, (number(draft.headroom) or 0.0) / 100)
    known = sax_models.find(draft.model_path)
    params = number(draft.params_b) or (known.params_b if known else None)
    try:
        if draft.weights == AS_CLASS and not draft.params_b.strip() and known and known.weights_gb is not None:
            return sizing.size_weights(known.weights_gb, draft.generation, room)
        return sizing.size(params, BYTES.get(draft.weights, 2.0), draft.generation, room) if params else None
    except (ValueError, KeyError):
        return None


def why_not(draft: Draft, shape: tpus.SliceShape) -> str:
    """Why the draft's model cannot be served by a slice of that shape, or ""."""
    known, found = sax_models.find(draft.model_path), sized(draft)
    if known is not None and (reason := sizing.fit(known, shape)):
        return reason
    if found is not None and found.needed_gb > shape.hbm_gb:
        return f"{found.needed_gb:.4g} GB do not fit {shape.hbm_gb} GB of HBM"
    return ""


def _sizing(draft: Draft) -> list[Meaning]:
    found = sized(draft)
    return [Meaning("sizing", found.arithmetic, "dim")] if found else []


def _price(draft: Draft, shape: tpus.SliceShape, count: int) -> Meaning:
    price = prices.chip_hour(draft.generation, draft.zone, draft.capacity == SPOT)
    chips = count * shape.chips
    if price is None:
        return Meaning("price", f"unknown in {draft.zone}", "warn")
    return Meaning(
        "price",
        f"{chips} x ${price.usd:.2f} = ${chips * price.usd:,.2f}/h ({_KIND[draft.capacity]} price, {price.date})",
    )


def _names(draft: Draft, made: Any) -> list[Meaning]:
    full = draft.resolved
    return [
        *_consequences(made),
        Meaning("account", f"{full.service_account}@{full.project}", "dim"),
        Meaning("bucket", full.bucket, "dim"),
        Meaning("ours", f"label saxtui-deployment={draft.id}", "dim"),
    ]


def _advanced(draft: Draft, made: Any) -> list[Meaning]:
    nodes = f"{draft.cpu_nodes} {draft.cpu_machine_type}"
    everywhere = draft.every_zone == YES
    lines = [
        Meaning("CPU", f"{nodes} in EACH zone of the region, usually three" if everywhere else f"{nodes} in all",
                "warn" if everywhere else ""),
        Meaning("Sax", f"{draft.release} model servers; HTTP server {draft.http_image.rpartition(':')[2]}"),
    ]  # fmt: skip
    if made is not None:
        from saxtui.engine.runs.planning import cluster

        lines += [Meaning("", f"· {said}", "warn") for said in cluster(made)]
    return [*lines, Meaning("", "Good as it stands: enter goes on.", "ok")]


def _consequences(made: Any) -> list[Meaning]:
    """Reach and role in the plan's own words; nothing while an answer is not good."""
    if made is None:
        return []
    from saxtui.engine.runs.planning import exposure, power

    reach = {"private": "ok", "internal": "warn"}.get(made.exposure.value, "bad")
    role = "ok" if made.identity.role_scope.value == "bucket" else "warn"
    return [Meaning("reached", exposure(made), reach), Meaning("role", power(made), role)]


def _review(draft: Draft, made: Any) -> list[Meaning]:
    if made is None:
        return [Meaning("not yet", "an answer on an earlier page is not good", "bad")]
    lines = [Meaning("", "Consequences first", "strong")]
    known = cost.total(cost.lines(made))
    rate = "unknown" if known.usd is None else f"${known.usd:,.2f}/h"
    lines.append(Meaning("bills", f"{rate} when everything is up", "warn"))
    if known.unknown:
        lines.append(Meaning("", "and, at a price not known: " + ", ".join(known.unknown), "dim"))
    return [*lines, *_consequences(made)]


def sketch(draft: Draft, *, plain: bool) -> list[str]:
    """The slice's hosts as they stand in the mesh, at most 44 cells wide; empty when it cannot be drawn so."""
    shape = shape_of(draft)
    if shape is None:
        return []
    mesh = host_mesh(shape.topology, shape.hosts)
    rows, columns = mesh.rows, mesh.columns * mesh.layers
    digits = len(str(shape.hosts - 1)) + 3
    if columns * (digits + 1) + 1 > 44 or rows > 8:
        return [f"{rows} x {columns} hosts, {shape.chips_per_host} chips each"]
    star = "*" if plain else PRIMARY
    lines = [_rule(columns, digits, "+-++" if plain else "┌─┬┐")]
    for row in range(rows):
        cells = []
        for column in range(columns):
            host = row * columns + column
            cells.append(f"h{host}{' ' + star if host == 0 else ''}".center(digits))
        bar = "|" if plain else "│"
        lines.append(bar + bar.join(cells) + bar)
        last = row == rows - 1
        lines.append(_rule(columns, digits, "+-++" if plain else "└─┴┘" if last else "├─┼┤"))
    return lines


def _rule(columns: int, width: int, signs: str) -> str:
    left, line, cross, right = tuple(signs)
    return left + cross.join(line * width for _ in range(columns)) + right
