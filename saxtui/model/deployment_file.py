"""A Deployment as YAML text and back. Pure: the disk adapter reads and writes the files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from saxtui.errors import Problem, UsageProblem
from saxtui.model.deployment import Deployment
from saxtui.model.text import safe

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from yaml.nodes import Node

SIZE_LIMIT = 262_144
DEPTH_LIMIT = 20
"""Lists and maps within each other; a deployment has three. PyYAML takes seconds for thousands."""


def parse(text: str, source: str = "the text") -> Deployment:
    """The deployment the YAML text describes. Raises UsageProblem naming `source`, the lines and the fields."""
    import yaml
    from pydantic import ValidationError

    if len(text) > SIZE_LIMIT:
        raise _refused(source, [(0, f"longer than {SIZE_LIMIT} characters, so not a deployment file")])
    try:
        _bounded(text, source)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = safe(error.problem or error.context or "not YAML")
        raise _refused(source, [(mark.line + 1 if mark else 0, f"not YAML: {said}")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refused(source, [(0, f"not YAML: {safe(error)}")]) from None
    if not isinstance(data, dict):
        raise _refused(source, [(1, "a deployment file holds fields such as name, project and bucket")])
    try:
        return Deployment.model_validate(data)
    except ValidationError as error:
        raise _refused(source, _faults(error, root)) from None


def _bounded(text: str, source: str) -> None:
    """Look for what would make a small text large or slow to read, without building anything from it."""
    import yaml

    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise _refused(source, [(line, "YAML aliases are not allowed here")])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise _refused(source, [(line, f"nested more than {DEPTH_LIMIT} deep, so not a deployment file")])


def render(deployment: Deployment) -> str:
    """The deployment as YAML: every field written out, each under a comment that says what it is."""
    head = [
        f"# saxtui deployment {deployment.name}: saxtui plan|up|status|down -d FILE",
        "# The fields' JSON Schema, for editors: saxtui schema",
        "",
    ]
    return "\n".join([*head, *_commented(deployment, "")]) + "\n"


def schema_text() -> str:
    """The JSON Schema of deployment files, as JSON with a line break at the end."""
    import json

    found = Deployment.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "saxtui deployment"}
    return json.dumps({**found, **head}, indent=2, sort_keys=True) + "\n"


def _commented(part: BaseModel, pad: str) -> Iterator[str]:
    import yaml
    from pydantic import BaseModel

    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if field.description:
            yield f"{pad}# {field.description}"
        if isinstance(value, BaseModel):
            yield f"{pad}{name}:"
            yield from _commented(value, pad + "  ")
            continue
        data = part.model_dump(mode="json", include={name})
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False)
        yield from (pad + line for line in text.rstrip("\n").splitlines())


def _refused(source: str, faults: list[tuple[int, str]]) -> UsageProblem:
    lines = tuple(f"line {line}: {said}" if line else said for line, said in faults)
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return UsageProblem(
        Problem(
            tried="read deployment",
            target=safe(source),
            said=lines[0] + more,
            next_step="correct it, or make a new one: saxtui init --preset tutorial --project PROJECT -o FILE.yaml",
            where=f"{safe(source)}:{faults[0][0]}" if faults[0][0] else safe(source),
            details=lines[1:],
        )
    )


def _faults(error: ValidationError, root: Node | None) -> list[tuple[int, str]]:
    faults: list[tuple[int, str]] = []
    for item in error.errors(include_url=False, include_context=False, include_input=True):
        path = tuple(item["loc"])
        field = ".".join(str(part) for part in path)
        said = item["msg"].removeprefix("Value error, ")
        match item["type"]:
            case "extra_forbidden":
                said = "there is no such field"
            case "missing":
                said = "is missing"
            case "string_pattern_mismatch":
                said = f"{item['input']!r} is not legal here ({said})"
        faults.append((_line(root, path), safe(f"{field}: {said}" if field else said)))
    return sorted(faults)


def _line(root: Node | None, path: tuple[Any, ...]) -> int:
    """The line of the deepest part of `path` that the text has; 0 when it has none of it."""
    import yaml

    node, line = root, 0
    for part in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = (node.value[part], node.value[part])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
