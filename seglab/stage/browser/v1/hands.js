// Hands: pointing at cells, painting them, and typing into them.

import { h } from "./dom.js";
import { cells, LARGEST_LITERAL, typed, withCell } from "./fields.js";
import { corner } from "./layout.js";
import { coordinates, realCell } from "./scene.js";

/** A field's grid as a panel shows it: one that is fitted to another's size is written out in that size, where a link can hold it. */
function asShown(panel, grid) {
  const [channels, height, width] = panel.grid_.shape, { shape } = cells(grid), [high, wide] = shape;
  if (channels > 1 || shape.length > 2 || (high === height && wide === width) || Math.max(height, width) > LARGEST_LITERAL) return grid;
  return Array.from({ length: height }, (_, row) => Array.from(panel.values.subarray(row * width, (row + 1) * width)));
}

export class Hands {
  constructor(stage) {
    Object.assign(this, { stage, board: stage.board, brush: null, painting: false, held: null, editing: null });
    this.editor = h("input", { class: "editor", type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": "Value", hidden: true });
    this.board.element.append(this.editor);
    const box = this.board.gridBox;
    box.addEventListener("pointermove", (event) => this.point(event));
    box.addEventListener("pointerleave", () => this.board.hover(null));
    box.addEventListener("pointerdown", (event) => this.press(event));
    box.addEventListener("dblclick", (event) => this.edit(this.board.under(event)));
    box.addEventListener("focusin", (event) => this.enter(event));
    this.editor.addEventListener("keydown", (event) => this.editKey(event));
    this.editor.addEventListener("blur", () => this.endEdit(true));
    this.release = () => this.endPress();
    window.addEventListener("pointerup", this.release);
    window.addEventListener("pointercancel", this.release);
  }

  destroy() {
    window.removeEventListener("pointerup", this.release);
    window.removeEventListener("pointercancel", this.release);
  }

  /** Whether a gesture is under way that the server need not hear of yet. */
  get busy() {
    return this.painting || this.sliding || this.held !== null;
  }

  point(event) {
    if (this.held) return this.drag(event);
    if (event.pointerType === "touch" && !this.painting) return undefined;
    const found = this.board.under(event);
    this.board.hover(found);
    if (this.painting && found) this.setCell(this.board.scene.panels[found.panel], found.cell, this.brush);
    return undefined;
  }

  press(event) {
    const found = this.board.under(event);
    this.endEdit(true);
    if (!found) return;
    this.board.pin(found);
    this.stage.readOut();
    if (this.brush === null && this.board.scene.panels[found.panel].moves) this.grab(event, this.board.places[found.panel].cell);
    if (this.brush === null || !this.board.scene.panels[found.panel].field) return;
    event.preventDefault();
    this.painting = true;
    this.setCell(this.board.scene.panels[found.panel], found.cell, this.brush);
  }

  /** Take hold of a picture: from here on the pointer moves it by whole cells. */
  grab({ clientX, clientY, pointerId }, cell) {
    const { dy, dx } = this.stage.state;
    this.held = { clientX, clientY, cell, dy, dx, wished: null };
    this.board.gridBox.setPointerCapture(pointerId);
    this.board.gridBox.classList.add("holding");
  }

  drag({ clientX, clientY }) {
    const { held } = this, cells_ = (far) => Math.round(far / held.cell);
    held.wished = [held.dy + cells_(clientY - held.clientY), held.dx + cells_(clientX - held.clientX)];
    this.dragging ??= requestAnimationFrame(() => this.follow());
  }

  /** Once a frame, painted within it. */
  follow() {
    cancelAnimationFrame(this.dragging);
    this.dragging = null;
    if (this.held?.wished && this.shift(...this.held.wished)) this.board.paint();
  }

  /** Move the picture to (dy, dx), as far as the fields go; returns whether it moved. */
  shift(...wished) {
    const { state, lesson } = this.stage, names = ["dy", "dx"];
    const within = (name, at) => {
      const { low, high } = lesson.fields.find((field) => field.name === name);
      return Math.min(Math.max(at, low), high);
    };
    const [dy, dx] = names.map((name, i) => within(name, wished[i]));
    if (dy === state.dy && dx === state.dx) return false;
    this.board.pin(null);
    return this.stage.change({ dy, dx });
  }

  endPress() {
    if (this.held) {
      this.follow();
      this.held = null;
      this.board.gridBox.classList.remove("holding");
      this.stage.rest();
    }
    if (!this.painting) return;
    this.painting = false;
    this.stage.rest();
  }

  /** Keyboard focus arrives at a grid: at the cell it was left at, else at the timeline's, else at the first. */
  enter(event) {
    const index = Number(event.target.dataset?.panel), { focus, pinned, scene } = this.board;
    if (Number.isNaN(index) || pinned?.panel === index) return;
    this.board.pin({ panel: index, cell: focus?.panel === index ? focus.cell : scene.panels[index].place[0] });
  }

  setBrush(brush) {
    this.brush = brush;
    this.board.gridBox.classList.toggle("painting", brush !== null);
  }

  /** Write a number into an editable cell. */
  setCell(panel, cell, value) {
    if (!panel?.field) return;
    const [channel, row, column] = coordinates(panel, cell), field = Array.isArray(panel.field) ? panel.field[channel] : panel.field;
    const grid = asShown(panel, this.stage.state[field]), [, height, width] = panel.grid_.shape;
    if (row < 0 || column < 0 || row >= height || column >= width || panel.values[realCell(panel, cell)] === value) return;
    const axes = cells(grid).shape.length - 2, plane = panel.planeOf(channel).slice(0, axes);
    this.stage.change({ [field]: withCell(grid, row, column, value, plane) });
  }

  /** Open a cell for typing; the first key may be given. */
  edit(found, first = null) {
    const panel = found && this.board.scene.panels[found.panel];
    if (!panel || realCell(panel, found.cell) < 0) return;
    if (!panel.field) {
      const editable = this.board.scene.panels.filter((one) => one.field).map((one) => one.title.toLowerCase());
      this.stage.say(`${panel.title} is worked out from other cells: ${editable.length ? `edit the ${editable.join(" or the ")}` : "change a setting"}.`);
      return;
    }
    this.stage.timeline.pause();
    const place = this.board.places[found.panel], [x, y] = corner(panel, place, found.cell), size = Math.max(place.cell, 48);
    this.board.pin(found);
    this.editing = found;
    this.editor.hidden = false;
    this.editor.style.cssText = `left:${x + (place.cell - size) / 2}px;top:${y + place.cell / 2 - 17}px;width:${size}px`;
    this.editor.value = first ?? String(panel.values[realCell(panel, found.cell)]);
    this.editor.focus();
    if (first === null) this.editor.select();
  }

  editKey(event) {
    event.stopPropagation();
    if (event.key === "Enter") this.endEdit(true, true);
    if (event.key === "Escape") this.endEdit(false, true);
  }

  endEdit(keep, back = false) {
    const found = this.editing;
    if (!found) return;
    this.editing = null;
    this.editor.hidden = true;
    const panel = this.board.scene.panels[found.panel];
    if (keep) {
      try {
        this.setCell(panel, found.cell, typed(this.editor.value));
      } catch (error) {
        this.stage.say(`${error.message}: the cell keeps ${panel.values[realCell(panel, found.cell)]}.`);
      }
    }
    if (back) this.board.grids[found.panel]?.element.focus({ preventScroll: true });
  }
}
