"""The pod grid line by line: slices, borders, hosts and chips as segments, for whatever layout there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style

from saxtui.console.fleet import Fleet
from saxtui.console.grid_geometry import LAYER_GAP, BoxLayout, Layout, Place, RunLayout
from saxtui.console.widgets.roles import role_class
from saxtui.console.widgets.table_layout import fitted
from saxtui.present.pods import HostCell
from saxtui.present.words import PRIMARY, Sign

RULE, TITLE, CURSOR = "pod-grid--rule", "pod-grid--title", "pod-grid--cursor"


class Painter:
    """Paints one layout of a fleet. `style` gives the style of component classes; it is asked often and must be quick.

    `focused` makes the cursor's slice stand out.
    """

    def __init__(self, fleet: Fleet, layout: Layout, style: Callable[..., Style], *, ascii_only: bool) -> None:
        self.layout = layout
        self._fleet = fleet
        self._style = style
        self._ascii = ascii_only
        self._star = "*" if ascii_only else PRIMARY
        self._bar = "|" if ascii_only else "│"
        self._chip = "o" if ascii_only else "▪"

    def line(self, y: int, cursor: Place, *, focused: bool) -> tuple[list[Segment], int]:
        """One line of the grid, not yet cut to the width, and its length in cells."""
        row, line = divmod(y, self.layout.block_height)
        first = row * self.layout.per_row
        places = range(first, min(first + self.layout.per_row, len(self._fleet)))
        if isinstance(self.layout, RunLayout):
            length = self.layout.gutter + len(places) * self.layout.pitch
            return self._runs(self.layout, places, line, cursor, focused), length if places else 0
        assert isinstance(self.layout, BoxLayout)
        plan = self.layout
        return [piece for place in places for piece in self._block(plan, place, line, cursor, focused)], len(
            places
        ) * plan.pitch

    # -- runs of glyphs
    def _runs(self, plan: RunLayout, places: range, line: int, cursor: Place, focused: bool) -> list[Segment]:
        if not places:
            return []
        base = self._style()
        if line:
            found = [Segment(" " * plan.gutter, base)]
        elif plan.lined:
            found = self._heading(places[0], plan.gutter, on=focused and places[0] == cursor.slice)
        else:
            found = [Segment(f"{self._fleet.indexes[places[0]]:>{plan.gutter - 1}} ", self._style(RULE))]
        by_slice = plan.hosts == 1 and self._fleet.most_hosts > 1
        for place in places:
            signs = [self._fleet.sign(place)] if by_slice else self._fleet.signs(place)
            shown = signs[line * plan.span : (line + 1) * plan.span]
            at = cursor.host - line * plan.span if place == cursor.slice else -1
            found += self._run(shown, at, primary=line == 0 and plan.hosts > 1, focused=focused)
            found.append(Segment(" " * (plan.pitch - len(shown)), base))
        return found

    def _run(self, signs: Sequence[Sign], at: int, *, primary: bool, focused: bool) -> list[Segment]:
        """Glyphs in as few segments as their styles allow. The primary of a healthy slice is its star."""
        found: list[Segment] = []
        text, role = "", ""
        for number, sign in enumerate(signs):
            glyph = (sign.ascii if self._ascii else sign.glyph) or " "
            if primary and number == 0 and sign.role == "ok":
                glyph = self._star
            if sign.role != role or number in (at, at + 1):
                if text:
                    found.append(Segment(text, self._glyph_style(role, on=number == at + 1, focused=focused)))
                text, role = "", sign.role
            text += glyph
        if text:
            found.append(Segment(text, self._glyph_style(role, on=len(signs) == at + 1, focused=focused)))
        return found

    def _glyph_style(self, role: str, *, on: bool, focused: bool) -> Style:
        names = (role_class(role),) if role else ()
        if not on:
            return self._style(*names)
        return self._style(*names, CURSOR) + Style(reverse=True, bold=focused)

    # -- boxes
    def _heading(self, place: int, width: int, *, on: bool) -> list[Segment]:
        style = self._style(TITLE)
        if on:
            style += Style(bold=True)
        sign, words = self._fleet.title(place)
        glyph = (sign.ascii if self._ascii else sign.glyph) or " "
        head = f"slice {self._fleet.indexes[place]} "
        text = fitted(f" {words}", max(0, width - 2 - len(head) - len(glyph)))
        return [
            Segment(head, style), Segment(glyph, self._style(TITLE, role_class(sign.role))), Segment(text + "  ", style)
        ]  # fmt: skip

    def _block(self, plan: BoxLayout, place: int, line: int, cursor: Place, focused: bool) -> list[Segment]:
        base = self._style()
        if line == 0:
            return self._heading(place, plan.pitch, on=focused and place == cursor.slice)
        layer_row, line = divmod(line - 1, plan.layer_height)
        found: list[Segment] = []
        for across in range(plan.layers_per_row):
            layer = layer_row * plan.layers_per_row + across
            if layer < plan.mesh.layers:
                found += self._layer(plan, place, layer, line, cursor, focused)
            else:
                found.append(Segment(" " * plan.layer_width, base))
            if across < plan.layers_per_row - 1:
                found.append(Segment(" " * LAYER_GAP, base))
        return [*found, Segment(" " * (plan.pitch - plan.mesh_width), base)]

    def _layer(self, plan: BoxLayout, place: int, layer: int, line: int, cursor: Place, focused: bool) -> list[Segment]:
        rule = self._style(RULE)
        last = plan.layer_height - 1
        if line in (0, last) or (plan.roomy and line % plan.step == 0):
            level = 0 if line == 0 else 2 if line == last else 1
            return [Segment(self._rule(plan, level, layer), rule)]
        row, inner = divmod(line - 1, plan.step)
        bar = Segment(self._bar, rule)
        found = [bar]
        cells = self._fleet.grid(place).cells
        first = (layer * plan.mesh.rows + row) * plan.mesh.columns
        for host in range(first, first + plan.mesh.columns):
            if host >= len(cells):
                found.append(Segment(" " * plan.cell_width, self._style()))
            else:
                text = self._host(plan, cells[host]) if inner == 0 else self._chips(plan, cells[host])
                on = place == cursor.slice and host == cursor.host
                found.append(Segment(text, self._glyph_style(cells[host].sign.role, on=on, focused=focused)))
            found.append(bar)
        return found

    def _host(self, plan: BoxLayout, cell: HostCell) -> str:
        glyph = (cell.sign.ascii if self._ascii else cell.sign.glyph) or " "
        star = self._star if cell.primary else " "
        if plan.roomy:
            middle = f"{star} {glyph}" if cell.pod else glyph * 3
            return f"{cell.host:<{plan.digits}} {middle} ".ljust(plan.cell_width)
        lead = f"{cell.host}{star}" if cell.primary else f"{cell.host}"
        return f"{lead:>{plan.cell_width - 1}}{glyph}"

    def _chips(self, plan: BoxLayout, cell: HostCell) -> str:
        chip = self._chip if cell.pod else "-" if self._ascii else "·"
        return (" " + " ".join([chip] * plan.mesh.chip_columns)).ljust(plan.cell_width)

    def _rule(self, plan: BoxLayout, level: int, layer: int) -> str:
        if self._ascii:
            left = cross = right = "+"
            dash = "-"
        else:
            (left, cross, right), dash = ("┌┬┐", "├┼┤", "└┴┘")[level], "─"
        text = left + cross.join([dash * plan.cell_width] * plan.mesh.columns) + right
        if level == 0 and plan.mesh.layers > 1:
            name = f"z={layer}"
            text = text[0] + name + text[1 + len(name) :]
        return text
