"""What to publish: name, class, checkpoint, replicas. Offers only classes that fit the deployment's slices."""

from __future__ import annotations

from dataclasses import dataclass

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from saxtui.catalog import sax_models
from saxtui.catalog.sax_models import SaxModel
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.model.deployment import Deployment, Model


@dataclass(frozen=True, slots=True)
class Publication:
    """What `Session.publish` takes."""

    model: str
    path: str
    checkpoint: str
    replicas: int


def offered(deployment: Deployment) -> tuple[SaxModel, ...]:
    """Classes of the deployment's image release that a slice of its size can serve, biggest first."""
    release = deployment.images.model.rpartition(":")[2]
    return sax_models.fitting(deployment.slices.shape.chips, release)


def check(deployment: Deployment, model: str, path: str, checkpoint: str, replicas: str) -> Publication:
    """The publication, or ValueError that names the field and the way out."""
    from pydantic import ValidationError

    most = deployment.slices.count
    if not replicas.isdigit() or not 1 <= int(replicas) <= most:
        raise ValueError(f"replicas: a number from 1 to {most}, one slice each")
    cell = deployment.model.cell
    if model.rpartition("/")[0] != cell:
        raise ValueError(f"model id: must be {cell}/NAME, the cell this deployment's servers joined")
    try:
        Model(id=model, path=path, checkpoint=checkpoint)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        legal = {
            "id": f"model id: {cell}/NAME, lower case, beginning with a letter",
            "path": "class: choose one of the list",
            "checkpoint": 'checkpoint: a gs:// path to a step folder, or "None" for random weights',
        }
        raise ValueError(legal.get(field, str(error))) from None
    return Publication(model, path, checkpoint, int(replicas))


class PublishModal(ModalScreen[Publication | None]):
    """Asks; None means no. Enter in a field goes on with the whole form."""

    CSS_PATH = [sheet("modals.tcss"), sheet("models.tcss")]
    AUTO_FOCUS = "#publish-id"
    BINDINGS = [Binding("escape", "no", "cancel")]

    _name_field = getters.query_one("#publish-id", Input)
    _class_field = getters.query_one("#publish-class", Select)
    _checkpoint_field = getters.query_one("#publish-checkpoint", Input)
    _replicas_field = getters.query_one("#publish-replicas", Input)
    _note = getters.query_one("#publish-note", Static)

    def __init__(self, deployment: Deployment) -> None:
        super().__init__()
        self._deployment = deployment
        self._offered = offered(deployment)

    def compose(self) -> ComposeResult:
        wanted, shape = self._deployment.model, self._deployment.slices.shape
        paths = [model.path for model in self._offered]
        options = [(f"{model.name}  {model.params_b:g} B", model.path) for model in self._offered]
        with Vertical(classes="dialog"):
            yield Static("Publish a model", classes="dialog-title", markup=False)
            with Horizontal(classes="field"):
                yield Label("model id")
                yield Input(wanted.id, id="publish-id", compact=True)
            with Horizontal(classes="field"):
                yield Label("class")
                if wanted.path in paths:
                    yield Select(options, value=wanted.path, allow_blank=False, id="publish-class", compact=True)
                else:
                    yield Select(options, id="publish-class", compact=True, prompt="choose a class")
            with Horizontal(classes="field"):
                yield Label("checkpoint")
                yield Input(wanted.checkpoint, id="publish-checkpoint", compact=True)
            with Horizontal(classes="field"):
                yield Label("replicas")
                yield Input(str(self._deployment.replicas), id="publish-replicas", type="integer", compact=True)
            yield Static(id="publish-note", markup=False)
            yield Static(
                f"{len(self._offered)} classes fit a slice of {shape.chips} chips; "
                f"{self._deployment.slices.count} slices, one a replica.",
                classes="muted", markup=False,
            )  # fmt: skip
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Publish", id="ok", variant="primary", compact=True)

    @on(Select.Changed, "#publish-class")
    @on(Input.Changed)
    def _explain(self) -> None:
        """What the chosen class means for the checkpoint."""
        model = sax_models.find(str(self._class_field.value))
        if model is None:
            said, role = "choose a class", "dim"
        elif model.test_mode:
            said, role = "Test class: ignores the checkpoint, answers from random weights.", "dim"
        elif self._checkpoint_field.value.strip() in ("", "None"):
            said, role = 'This class needs a checkpoint folder; with "None" its load fails.', "warn"
        else:
            said, role = model.note, "dim"
        self._note.update(Content.styled(said, ROLE_STYLE[role]))

    @on(Input.Submitted)
    @on(Button.Pressed, "#ok")
    def _submit(self) -> None:
        path = self._class_field.value
        try:
            asked = check(
                self._deployment, self._name_field.value.strip(), path if isinstance(path, str) else "",
                self._checkpoint_field.value.strip() or "None", self._replicas_field.value.strip(),
            )  # fmt: skip
        except ValueError as error:
            self._note.update(Content.styled(str(error), ROLE_STYLE["bad"]))
            return
        self.dismiss(asked)

    @on(Button.Pressed, "#cancel")
    def action_no(self) -> None:
        """Leave without publishing."""
        self.dismiss(None)
