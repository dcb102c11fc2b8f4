"""Drawings of a lesson's state, one for each step: the panels, what the step is about, and its arithmetic below.

The twin of ``board.js`` and of the focus of ``paint.js``; nothing here knows in which kind of file it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

import numpy as np

from seglab.export.joints import joints
from seglab.export.layout import TITLE, Place, arrange
from seglab.export.ledger import Piece, describe, input_letter, plain, weight_letter
from seglab.export.marks import LETTER, Box, Drawing, Lines, Look, Mark, Rect, Run, Shows, Text
from seglab.export.numbers import short
from seglab.export.paint import LINES, Content, paint_panel
from seglab.export.readings import Progress, connected, everything, never_read, progress, winning
from seglab.export.scene import EACH_CHANNEL, Scene, Sheet, make_scene
from seglab.export.theme import ink_on, theme
from seglab.rows import FloatArray
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson

NOTES = 52  # cells of so many pixels have room for a note below their number
EDGE = 16  # around the picture
SAID, SAID_LINE = 15, 25  # the ledger's letters and lines
WIDE, TALL = 0.46, 0.69  # how high a board is, in its width
NARROWEST = 480  # right edge of a picture with a ledger


def draw(lesson: Lesson, state: State, look: Look | None = None, steps: Sequence[int] | None = None) -> list[Drawing]:
    """A drawing of each of `steps` (without them the state's own step), all of one size.

    Raises ValueError where the settings are impossible.

    >>> from seglab.lessons import LESSONS
    >>> lesson = LESSONS["transposed_convolution"]
    >>> drawing, = draw(lesson, lesson.state(view="slide", at=5))
    >>> drawing.texts()["y"][0, 1, 1], drawing.words
    ('16', 'O(1,1) = 0·3 + 1·2 + 2·1 + 3·4 = 16')
    """
    return Sketch(make_scene(lesson, state), look or Look()).drawings([state["at"]] if steps is None else steps)


class Sketch:
    """A scene laid out once; drawings of its steps."""

    def __init__(self, scene: Scene, look: Look) -> None:
        self.scene, self.look, self.theme = scene, look, theme(look.dark)
        self.still: dict[int, list[Mark]] = {}
        self.full = {link.name: everything(link) for link in scene.links}
        places = arrange(scene.sheets, look.width, round((TALL if scene.lesson.tall else WIDE) * look.width))
        left = min(place.x for place in places.values())
        top = min(place.y for place in places.values()) - TITLE
        self.joined = places.joined
        self.places = {index: place.moved(EDGE - left, EDGE - top) for index, place in places.items()}
        self.right = max(place.x + place.room for place in self.places.values())
        if look.ledger and self.right < NARROWEST:
            aside = (NARROWEST - self.right) // 2
            self.places = {index: place.moved(aside, 0) for index, place in self.places.items()}
            self.right = NARROWEST
        self.bottom = max(place.y + place.height for place in self.places.values())

    def drawings(self, steps: Sequence[int]) -> list[Drawing]:
        told = [self._told(min(at, len(self.scene.cells))) for at in steps]
        lines = [_broken(pieces, floor((self.right - EDGE) / (LETTER * SAID))) for *_, pieces in told]
        most = max(len(one) for one in lines) if self.look.ledger else 0
        size = floor(self.right + EDGE), floor(self.bottom + (12 + most * SAID_LINE if most else 0) + EDGE)
        return [
            Drawing(*size, self.theme.paper, tuple(self._marks(at, so_far, below if most else [])), plain(pieces))
            for (at, so_far, pieces), below in zip(told, lines, strict=True)
        ]

    def _told(self, at: int) -> tuple[int, Progress, list[Piece]]:
        so_far = progress(self.scene, at)
        return at, so_far, describe(self.scene, self.scene.walked, int(self.scene.cells[at - 1]), so_far) if at else []

    def _marks(self, at: int, so_far: Progress, lines: list[list[Piece]]) -> list[Mark]:
        marks: list[Mark] = []
        for sheet in self.scene.sheets:
            if sheet.index in self.places:
                marks += self._panel(sheet, so_far)
        marks += joints(self.scene, self.places, self.theme) if self.joined else self._arrows()
        if at:
            marks += self._focus(int(self.scene.cells[at - 1]))
        return marks + self._ledger(lines)

    def _panel(self, sheet: Sheet, so_far: Progress) -> list[Mark]:
        """A panel's marks; those that no step changes are made once."""
        if sheet.index in self.still:
            return self.still[sheet.index]
        marks = paint_panel(sheet, self.places[sheet.index], self.theme, self.content(sheet, so_far), self.scene.slopes is not None)
        walked = {link.name for link in self.scene.together}
        if not walked & {sheet.of, sheet.spec.winners} or sheet.kind in ("kernel", *EACH_CHANNEL):
            self.still[sheet.index] = marks
        return marks

    # -- what a panel shows --------------------------------------------------------------------------------------------

    def content(self, sheet: Sheet, so_far: Progress) -> Content:
        scene = self.scene
        if scene.slopes and not sheet.spec.plain:
            found = scene.slopes.steps[sheet.of].weight if sheet.kind == "kernel" else scene.slopes.grids[sheet.of]
            assert found is not None
            return Content(found.ravel(), _largest(found), False, fill=0.0)
        followed, maker = scene.followed, next((link for link in scene.links if link.out is sheet), None)
        looks = maker is None or maker.trace.weight is None or maker.trace.weight.sum() > 0.5
        full = self.full[maker.name] if maker else None
        content = Content(sheet.values, _largest(sheet.values), sheet.spec.photo and looks)
        if maker and sheet.role == "difference" and scene.view.remark == "shifts":
            content = content._replace(largest=_largest(maker.trace.canvas))  # large or small beside what is compared
        if full:
            content = content._replace(canvas=full.canvas, touched=full.touched)
        if sheet.spec.plain:
            return content._replace(unread=never_read(scene)) if sheet is followed.inps[0] else content
        if sheet.of == followed.name and sheet.kind not in ("kernel", *EACH_CHANNEL) and sheet.values.size == followed.trace.output.size:
            if scene.counts is not None:
                return content._replace(values=scene.counts, largest=_largest(scene.counts), canvas=full.touched if full else None)
            content = _walked(content, so_far)
        elif sheet.of in so_far.beside and sheet.kind in ("grid", "column"):
            content = _walked(content, so_far.beside[sheet.of])
        if sheet.kind == "switches" and sheet.of == followed.name:
            content = content._replace(reached=so_far.reached)
        if sheet.spec.winners:
            content = content._replace(winners=self._winners(sheet, so_far))
        return content._replace(labels=self._labels(sheet, so_far)) if scene.state.get("letters") else content

    def _winners(self, sheet: Sheet, so_far: Progress) -> frozenset[int]:
        """The cells of a panel that won a window of the pooling step that it names, as far as that is walked through."""
        link = next(link for link in self.scene.links if link.name == sheet.spec.winners)
        if link.won is None:
            return frozenset()
        rows = link.won & so_far.done if link is self.scene.followed and so_far.done is not None else link.won
        return frozenset(link.columns[sheet.index][rows].tolist())

    def _labels(self, sheet: Sheet, so_far: Progress) -> list[str] | None:
        """Letters for small grids: a, b, … times x, y, z."""
        followed = self.scene.followed
        trace = followed.trace
        if sheet.kind == "kernel":
            return [weight_letter(trace, weight) for weight in range(sheet.values.size)]
        if sheet in followed.inps:
            return [input_letter(cell) for cell in range(sheet.values.size)]
        if sheet is not followed.out:
            return None
        labels: list[list[str]] = [[] for _ in range(trace.output.size)]
        outs, inps = trace.out_grid.source[trace.rows.out], trace.input_cells
        for row, (out, inp) in enumerate(zip(outs.tolist(), inps.tolist(), strict=True)):
            if out >= 0 and inp >= 0 and (so_far.done is None or so_far.done[row]):
                labels[out].append(input_letter(inp) + weight_letter(trace, int(trace.rows.weight[row])))
        return ["+".join(label) or "0" for label in labels]

    # -- marks over the panels -------------------------------------------------------------------------------------------

    def _arrows(self) -> list[Mark]:
        """A small arrow before every panel that was made from the one on its left."""
        sheets = self.scene.sheets
        arrows: list[Mark] = []
        for index, place in self.places.items():
            before = self.places.get(index - 1)
            if before is None or before.x + before.width > place.x:
                continue
            if not self._leads(sheets[index - 1], sheets[index]):
                continue
            x, y = place.x - 11, place.y + place.height / 2
            arrows.append(Lines(((x - 12, y, x, y), (x - 5, y - 5, x, y), (x, y, x - 5, y + 5)), self.theme.muted, 1.5))
        return arrows

    def _leads(self, source: Sheet, sheet: Sheet) -> bool:
        """Whether a panel was made from another one, or with it, perhaps through hidden ones."""
        made = [link for link in self.scene.links if link.out is sheet]
        return any(source.index in link.columns or any(one.hidden and self._leads(source, one) for one in link.inps) for link in made)

    def _focus(self, cell: int) -> list[Mark]:
        scene, notes = self.scene, self._notes(cell)
        marks: list[Mark] = []
        everywhere = connected(scene, scene.walked.index, cell)
        won = {} if scene.slopes or scene.counts is not None else winning(scene, everywhere)
        for index, cells_ in won.items():
            notes.setdefault(index, {}).update({one: (word, "skip") for one, word in cells_.items()})
        for sheet, marked in zip(scene.sheets, everywhere, strict=True):
            place = self.places.get(sheet.index)
            if place is None or not marked.any() or sheet.spec.veiled:
                continue
            cells, colour = np.flatnonzero(marked).tolist(), self.theme.roles[sheet.spec.role]
            named, size = Shows(sheet.spec.grid), place.cell
            corners = [place.corner(sheet, one) for one in cells]
            marks += [Rect(x, y, size, size, colour, 0.55 if size < LINES else 0.13, named) for x, y in corners]
            marks.append(Lines(tuple(_border(sheet, place, set(cells))), colour, min(3, max(1.5, size / 8)), shows=named))
            marks += [self._ring(*place.corner(sheet, one), size, named) for one in won.get(sheet.index, ())]
            if sheet is scene.walked:
                x, y = place.corner(sheet, cell)
                side = max(size - 2, 2)
                marks.append(Box(x + 1, y + 1, side, side, self.theme.ink, max(2, min(4, size / 10)), named))
            if size >= NOTES:
                marks += self._note_marks(sheet, place, notes.get(sheet.index, {}))
        return marks

    def _ring(self, x: float, y: float, size: float, named: Shows) -> Mark:
        """A winner among the marked cells: a ring inside it, or the whole cell where that is too small for one."""
        colour, inset = self.theme.roles["skip"], max(2, size * 0.09) + 1
        if size < 2 * LINES:
            return Rect(x, y, size, size, colour, shows=named)
        return Box(x + inset, y + inset, size - 2 * inset, size - 2 * inset, colour, max(2, min(5, size / 9)), named)

    def _notes(self, cell: int) -> dict[int, dict[int, tuple[str, str]]]:
        """Small numbers in the corners of connected cells: products, or the weights that a cell is read through."""
        scene, sheet = self.scene, self.scene.walked
        found: dict[int, dict[int, tuple[str, str]]] = {}
        if sheet.spec.plain or scene.state.get("letters") or scene.counts is not None or scene.slopes:
            return {}
        for link in scene.links:
            reading = link.out is sheet
            target = (link.inps[0] if link.inps else None) if reading else link.out
            weight = link.trace.weight
            if (
                sheet.index not in link.columns
                or weight is None
                or weight.ndim < 4
                or target is None
                or target.hidden
                or target.spec.veiled
            ):
                continue
            column = link.columns[target.index]
            notes: dict[int, tuple[str, str]] = {}
            for row in link.rows_of(sheet.index, cell).tolist():
                product = link.trace.products[row]
                told = (
                    f"×{short(weight.ravel()[link.trace.rows.weight[row]])}" if reading else f"{'' if product < 0 else '+'}{short(product)}"
                )
                if column[row] >= 0:
                    notes[int(column[row])] = (told, "kernel" if reading else sheet.spec.role)
            found[target.index] = notes
        return found

    def _note_marks(self, sheet: Sheet, place: Place, notes: dict[int, tuple[str, str]]) -> list[Mark]:
        marks: list[Mark] = []
        for cell, (text, role) in notes.items():
            x, y = place.corner(sheet, cell)
            right, bottom, wide = x + place.cell - 2, y + place.cell - 2, 6.7 * len(text) + 5
            ground, named = self.theme.roles[role], Shows(sheet.spec.grid)
            marks.append(Rect(right - wide, bottom - 14, wide, 14, ground, shows=named))
            marks.append(Text(right - 2.5, bottom - 3.5, 11, (Run(text, ink_on(ground), bold=True),), "end", mono=True, shows=named))
        return marks

    def _ledger(self, lines: list[list[Piece]]) -> list[Mark]:
        """The arithmetic below, each number underlined in the colour of its grid."""
        marks: list[Mark] = []
        y = self.bottom + 12
        for pieces in lines:
            x, y = float(EDGE), y + SAID_LINE
            for text, role, dim in pieces:
                wide = LETTER * SAID * len(text)
                run = Run(text, self.theme.muted if dim else self.theme.ink)
                marks.append(Text(round(x, 2), y - 8, SAID, (run,), mono=True))
                if role:
                    marks.append(Rect(round(x, 2), y - 4, round(wide, 2), 2.5, self.theme.roles[role], 0.4 if dim else 1.0))
                x += wide
        return marks


def _walked(content: Content, so_far: Progress) -> Content:
    """A panel as far as it is walked through."""
    return content._replace(values=so_far.values, reached=so_far.reached, canvas=so_far.canvas, touched=so_far.touched)


def _largest(values: FloatArray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def _broken(pieces: list[Piece], letters: int) -> list[list[Piece]]:
    """Pieces in lines of at most so many letters, broken after a comma or a plus and before an equals sign."""
    groups: list[list[Piece]] = [[]]
    for piece in pieces:
        if groups[-1] and (groups[-1][-1].text in (", ", " + ", ": ") or (piece.text == " = " and len(groups) > 1)):
            groups.append([])
        groups[-1].append(piece)
    lines: list[list[Piece]] = [[]]
    for group in groups:
        if lines[-1] and len(plain(lines[-1] + group).rstrip()) > letters:
            lines.append([])
            group = [group[0]._replace(text=group[0].text.lstrip()), *group[1:]]
        lines[-1] += group
    return lines


def _border(sheet: Sheet, place: Place, cells: set[int]) -> list[tuple[float, float, float, float]]:
    """The border of a set of cells."""
    lines: list[tuple[float, float, float, float]] = []
    size, wide = place.cell, sheet.columns
    for cell in sorted(cells):
        x, y = place.corner(sheet, cell)
        row, column = divmod(cell % (sheet.rows * wide), wide)
        if row == 0 or cell - wide not in cells:
            lines.append((x, y, x + size, y))
        if row == sheet.rows - 1 or cell + wide not in cells:
            lines.append((x, y + size, x + size, y + size))
        if column == 0 or cell - 1 not in cells:
            lines.append((x, y, x, y + size))
        if column == wide - 1 or cell + 1 not in cells:
            lines.append((x + size, y, x + size, y + size))
    return lines
