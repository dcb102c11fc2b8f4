"""Pictures show the numbers of the trace: SVG is read back, PNG and GIF are compared through what they embed and through their marks."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence
from settings import SETTINGS, explore
from test_pipeline import tiny_unet

import seglab as sl
from seglab.cli import main
from seglab.export import exported, file_name, refused, save_lesson
from seglab.export.asked import asked
from seglab.export.drawing import draw
from seglab.export.layout import arrange
from seglab.export.ledger import describe, plain
from seglab.export.lesson_of import lesson_of
from seglab.export.marks import Drawing, Look, Pixels, Rect
from seglab.export.notebook import show
from seglab.export.numbers import exact, short
from seglab.export.pictures import durations
from seglab.export.raster import raster
from seglab.export.readings import connected, progress
from seglab.export.scene import make_scene
from seglab.export.theme import grey_of, theme
from seglab.lessons import LESSONS
from seglab.stage.fields import State
from seglab.stage.lesson import Lesson
from seglab.stage.training import gradients

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

SVG = "{http://www.w3.org/2000/svg}"


def shows(lesson: Lesson) -> list[State]:
    """The states that a lesson shows by itself: its stops, its named settings, and every view as it opens."""
    stops = [{**lesson.usual(i), "stop": i} for i in range(1, len(lesson.stops) + 1)]
    named = [lesson.state(**changes) for _, changes in lesson.presets]
    views = [lesson.state(view=view.name) for view in lesson.views]
    return stops + named + [state for state in views if ".png" not in refused(lesson, state)]


STATES = [(lesson, state) for lesson in LESSONS.values() for state in shows(lesson)]
STOPS = [(lesson, state) for lesson, state in STATES if state == {**lesson.usual(state["stop"]), "stop": state["stop"]}]


def named(case: tuple[Lesson, State]) -> str:
    return file_name(*case, "")


# -- the twins of the browser ------------------------------------------------------------------------------------------


def test_numbers_are_written_as_in_the_browser(modules: Page) -> None:
    generator = np.random.default_rng(5)
    magnitudes = generator.normal(size=3000) * 10.0 ** generator.integers(-9, 15, 3000)
    halves = [sign * n * scale for sign in (1, -1) for n in range(2000) for scale in (1, 0.5, 0.125, 0.0625, 1 / 256)]
    edges = [
        0.0,
        -0.0,
        0.0005,
        0.00049,
        0.1,
        0.0995,
        999.4,
        999.5,
        999.6,
        1000,
        999_499,
        999_500,
        1e21,
        1e-7,
        0.1 + 0.2,
        9.5e-4,
        9.5e-5,
        1e6,
    ]
    rounded = np.round(generator.normal(size=2000) * 100, 2).tolist()
    values = [*edges, *halves, *magnitudes.tolist(), *rounded, float("inf"), float("-inf")]
    found = modules.evaluate(
        """async (values) => {
          const { short, exact } = await import("/v1/numbers.js");
          return values.map((value) => [short(Number(value)), short(Number(value), 2), exact(Number(value))]);
        }""",
        [repr(value).replace("inf", "Infinity") for value in values],
    )
    assert [tuple(pair) for pair in found] == [(short(value), short(value, 2), exact(value)) for value in values]


@settings(max_examples=300, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_any_number_can_be_written(value: float) -> None:
    assert short(value)
    assert float(exact(value).replace("−", "-")) == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize("dark", [False, True])
def test_colours_are_those_of_the_browser(dark: bool, modules: Page) -> None:
    ours = theme(dark)
    css = {"--st-background-color": ours.paper, "--st-text-color": ours.ink}
    values = [i / 40 for i in range(-120, 121)]
    found = modules.evaluate(
        """async ([css, values]) => {
          const { readTheme, fillOf, greyOf, inkOn } = await import("/v1/theme.js");
          const host = document.body.appendChild(document.createElement("div"));
          for (const [name, rgb] of Object.entries(css)) host.style.setProperty(name, `rgb(${rgb.join(", ")})`);
          const theme = readTheme(host), hex = (text) => [...text.match(/[0-9a-f]{2}/gi)].map((part) => parseInt(part, 16));
          const parts = (text) => text.startsWith("#") ? hex(text) : text.match(/\\d+/g).map(Number);
          host.remove();
          return {
            mode: theme.mode, roles: Object.fromEntries(Object.entries(theme.roles).map(([role, colour]) => [role, parts(colour)])),
            line: parts(theme.line), faint: parts(theme.faint), muted: parts(theme.muted),
            fills: values.map((value) => [fillOf(theme, value, 2), greyOf(value)].flatMap((tone) => [parts(tone.fill), parts(tone.ink)])),
            inks: Object.values(theme.roles).map((colour) => parts(inkOn(colour))),
          };
        }""",
        [css, values],
    )
    assert found["mode"] == ("dark" if dark else "light")
    assert {role: tuple(colour) for role, colour in found["roles"].items()} == ours.roles
    assert [tuple(found[name]) for name in ("line", "faint", "muted")] == [ours.line, ours.faint, ours.muted]
    tones = [(ours.fill_of(value, 2), grey_of(value)) for value in values]
    assert found["fills"] == [[list(part) for tone in pair for part in tone] for pair in tones]


SCENE = """async ([lesson, state, size]) => {
  const { makeScene, progress, connected } = await import("/v1/scene.js");
  const { arrange } = await import("/v1/layout.js");
  const { describe, plainText } = await import("/v1/ledger.js");
  const scene = makeScene(lesson, state), { order } = scene, count = order.cells.length;
  const wanted = [...new Set([0, 1, Math.floor(count / 2), count])];
  return {
    count, line: scene.line,
    panels: scene.panels.map((panel) => [panel.title ?? "", panel.size, [...panel.grid_.canvas], panel.margin, [...panel.values], panel.hidden ?? false]),
    joined: Boolean(arrange(scene.panels, ...size, { largest: 68, unit: 1 }).joined),
    places: Object.fromEntries([...arrange(scene.panels, ...size, { largest: 68, unit: 1 }).entries()].filter(([, place]) => place)
      .map(([index, place]) => [index, [place.x, place.y, place.cell, place.width, place.height]])),
    steps: wanted.map((at) => {
      const so = progress(scene, at), focus = at ? { panel: order.panel.index, cell: order.cells[at - 1] } : null;
      return {
        at, values: [...so.values].map((value, cell) => (so.reached && !so.reached[cell] ? null : value)),
        canvas: [...so.canvas], touched: [...so.touched],
        words: focus ? plainText(describe(scene, focus, so).first) : "",
        marked: focus ? [...connected(scene, focus)].map(([, cells]) => [...cells].sort((a, b) => a - b)) : null,
      };
    }),
  };
}"""


@pytest.mark.parametrize(("lesson", "state"), STATES, ids=map(named, STATES))
def test_a_scene_is_that_of_the_browser(lesson: Lesson, state: State, modules: Page) -> None:
    """Panels, places, partial outputs, connected cells and arithmetic."""
    compare_scenes(lesson, state, modules)


def compare_scenes(lesson: Lesson, state: State, modules: Page) -> None:
    size = [960, 662 if lesson.tall else 442]
    theirs = modules.evaluate(SCENE, [lesson.data, state, size])
    scene = make_scene(lesson, state)
    assert (theirs["count"], theirs["line"]) == (len(scene.cells), scene.line)
    for sheet, (title, told, canvas, margin, values, hidden) in zip(scene.sheets, theirs["panels"], strict=True):
        assert (sheet.title, sheet.size, list(sheet.grid.canvas), sheet.margin, sheet.hidden) == (title, told, canvas, margin, hidden)
        np.testing.assert_allclose(sheet.values, values, rtol=1e-12, atol=1e-14)
    laid = arrange(scene.sheets, *size)
    places = {str(index): [p.x, p.y, p.cell, p.width, p.height] for index, p in laid.items()}
    assert theirs["joined"] == laid.joined
    assert places.keys() == theirs["places"].keys()
    for index, place in places.items():
        np.testing.assert_allclose(place, theirs["places"][index], rtol=1e-12)
    for step in theirs["steps"]:
        so_far = progress(scene, step["at"])
        reached = so_far.values if so_far.reached is None else np.where(so_far.reached, so_far.values, np.nan)
        np.testing.assert_allclose(reached, np.array(step["values"], float), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(so_far.canvas, np.array(step["canvas"], float), rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(so_far.touched, step["touched"])
        if step["at"]:
            cell = int(scene.cells[step["at"] - 1])
            assert plain(describe(scene, scene.walked, cell, so_far)) == step["words"]
            marked = [np.flatnonzero(mask).tolist() for mask in connected(scene, scene.walked.index, cell)]
            assert marked == step["marked"]


@pytest.mark.parametrize("op", SETTINGS)
def test_any_trace_is_drawn_as_in_the_browser(op: str, modules: Page) -> None:
    """Random settings of every operator: the scenes agree, and every number of the output stands in the drawing."""
    made: list[tuple[sl.Trace, Lesson]] = []

    def collect(setting: dict[str, Any], trace: sl.Trace) -> None:
        try:
            made.append((trace, lesson_of(trace)))
        except ValueError as error:
            assert "channels has no stage" in str(error)

    explore(op, collect)
    assert len(made) >= 30
    for trace, lesson in made[:: len(made) // 12]:
        compare_scenes(lesson, lesson.defaults, modules)
        (drawing,) = draw(lesson, lesson.defaults)
        compare_output(drawing, "output", trace)


# -- what a drawing says -----------------------------------------------------------------------------------------------


def compare_output(drawing: Drawing, panel: str, trace: sl.Trace, after: Any = None) -> int:
    """Every real cell of an output panel: its mark's value is the trace's, its text that value as it is written. Returns how many."""
    values, texts = drawing.values(panel), drawing.texts().get(panel, {})
    shape = (1, trace.output.size, 1) if panel.startswith("column:") else trace.out_grid.shape
    expected = np.asarray(trace.output if after is None else after, float).reshape(shape)
    compared = 0
    for cell, value in np.ndenumerate(expected):
        if np.isnan(value):
            assert cell not in texts
            continue
        if cell in values:
            assert values[cell] == pytest.approx(value, rel=1e-12, abs=1e-14)
        if cell in texts:
            compared += 1
    agree([(texts[cell], value) for cell, value in np.ndenumerate(expected) if cell in texts])
    return compared


def agree(written: list[tuple[str, float]]) -> None:
    """Numbers stand in their cells with three digits, or in a small grid all of them with two."""
    texts = [text for text, _ in written]
    assert texts in ([short(value) for _, value in written], [short(value, 2) for _, value in written])


@pytest.mark.parametrize(("lesson", "state"), STATES, ids=map(named, STATES))
def test_an_svg_is_read_back(lesson: Lesson, state: State) -> None:
    """Cells with text say the trace's numbers, photographs its pixels; the arithmetic stands below and the setting in the metadata."""
    root = ElementTree.fromstring(exported(lesson, state, ".svg"))
    scene = make_scene(lesson, state)
    so_far, (drawing,) = progress(scene, state["at"]), draw(lesson, state)
    told = json.loads(root.findtext(f"{SVG}metadata") or "")
    assert told["state"] == json.loads(json.dumps(state))
    assert told["output"] == scene.pipeline[scene.followed.name].output.tolist()
    assert lesson.title in (root.findtext(f"{SVG}desc") or "")
    written: dict[str, dict[tuple[int, ...], str]] = {}
    for element in root.iter(f"{SVG}text"):
        if "data-cell" in element.attrib:
            cell = tuple(int(part) for part in element.attrib["data-cell"].split(","))
            written.setdefault(element.attrib["data-grid"], {})[cell] = "".join(element.itertext())
    words = "".join("".join(element.itertext()) for element in root.iter(f"{SVG}text") if "data-grid" not in element.attrib)
    assert words.replace(" ", "") == drawing.words.replace(" ", "")
    if state.get("letters") or state.get("count"):
        return
    slopes = gradients(lesson, state)[1] if state.get("gradients") else None
    for sheet in scene.sheets:
        if sheet.hidden or sheet.spec.plain or sheet.spec.veiled:
            assert sheet.spec.grid not in written
            continue
        walked = so_far if sheet.of == scene.followed.name else so_far.beside.get(sheet.of)
        followed = walked is not None and sheet.kind in ("grid", "column", "switches")
        values = walked.values if followed and sheet.kind != "switches" else sheet.values
        if slopes:
            values, followed = (slopes.steps[sheet.of].weight if sheet.kind == "kernel" else slopes.grids[sheet.of]).ravel(), False
        reached = walked.reached if followed else None
        images = [e for e in root.iter(f"{SVG}image") if e.attrib["data-grid"] == sheet.spec.grid]
        if images:
            assert len(images) == sheet.channels
            compared = sheet.values
            if scene.view.remark == "shifts" and sheet.spec.role == "difference":  # large or small beside what is compared
                compared = scene.pipeline[sheet.of].canvas
            compare_pixels(images[0], sheet, np.where(reached, values, 0) if reached is not None else values, compared)
            continue
        pairs = []
        for real, place in enumerate(sheet.grid.places):
            text = written.get(sheet.spec.grid, {}).get(sheet.coordinates(int(place)))
            if reached is not None and not reached[real]:
                assert text is None
            elif text is not None or sheet.spec.grid in written:
                pairs.append((text, values[real]))
        agree(pairs)


def compare_pixels(image: ElementTree.Element, sheet: Any, values: Any, compared: Any) -> None:
    """The fills are those of the values, on the scale of the largest of what is `compared`."""
    pixels = np.asarray(Image.open(BytesIO(b64decode(image.attrib["href"].split(",", 1)[1]))).convert("RGB"))
    assert pixels.shape[:2] == (sheet.rows, sheet.columns)
    largest = np.abs(compared).max()
    signed = any(np.ptp(pixel) for pixel in pixels.reshape(-1, 3)) or not sheet.spec.photo
    grid = values.reshape(sheet.grid.shape)[0]
    (top, _), (left, _) = sheet.grid.margins
    for row in range(0, grid.shape[0], 7):
        for column in range(0, grid.shape[1], 5):
            value = grid[row, column]
            possible = {theme(False).fill_of(value, largest).fill} | (set() if signed else {grey_of(value).fill})
            assert tuple(pixels[top + row, left + column]) in possible


def test_a_worked_picture() -> None:
    lesson = LESSONS["transposed_convolution"]
    (drawing,) = draw(lesson, lesson.state(at=4, view="slide"))
    assert drawing.texts()["y"] == {(0, 0, 0): "0", (0, 0, 1): "4", (0, 0, 2): "1", (0, 1, 0): "8"}
    (drawing,) = draw(lesson, lesson.state(at=5, view="slide"))
    assert drawing.words == "O(1,1) = 0·3 + 1·2 + 2·1 + 3·4 = 16"


# -- PNG ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lesson", "state"), STOPS, ids=map(named, STOPS))
def test_a_png_holds_its_marks(lesson: Lesson, state: State) -> None:
    """Its chunks say what it shows, and before the first step every cell has the fill of its mark."""
    still, dark = {**state, "at": 0}, state["stop"] % 2 == 0
    data = exported(lesson, still, ".png", Look(dark))
    image, (drawing,) = Image.open(BytesIO(data)), draw(lesson, still, Look(dark))
    assert image.size == (2 * drawing.width, 2 * drawing.height)
    told = json.loads(image.text["seglab"])
    assert told["cells"] == {panel: {",".join(map(str, c)): text for c, text in cells.items()} for panel, cells in drawing.texts().items()}
    assert (image.text["Title"], image.text["Software"]) == (lesson.title, f"seglab {sl.__version__}")
    assert asked(image.text["Source"])[1] == still, "its link leads back to it"
    pixels = np.asarray(image.convert("RGB"))
    cells = 0
    for mark in drawing.marks:
        if isinstance(mark, Rect) and mark.shows and mark.shows.value is not None and mark.width > 8:
            # beside the number, inside of the border
            assert tuple(pixels[round(2 * mark.y + 7), round(2 * mark.x + 7)]) == mark.fill
            cells += 1
        if isinstance(mark, Pixels):
            assert mark.columns * mark.rows * 3 == len(mark.rgb)
            y, x = mark.rows // 2, mark.columns // 3
            at = 3 * (y * mark.columns + x)
            down, across = (y + 0.5) * mark.height / mark.rows, (x + 0.5) * mark.width / mark.columns
            assert tuple(pixels[round(2 * (mark.y + down)), round(2 * (mark.x + across))]) == tuple(mark.rgb[at : at + 3])
            cells += 1
    assert cells or all(panel.plain for panel in lesson.view(state).panels)


def test_the_same_setting_gives_the_same_bytes() -> None:
    lesson = LESSONS["transposed_convolution"]
    for suffix in (".svg", ".png", ".gif", ".html", ".json"):
        assert exported(lesson, lesson.defaults, suffix) == exported(lesson, lesson.state(), suffix)


def test_numbers_are_seen_in_a_png() -> None:
    """Where a mark of text stands there is its ink."""
    lesson = LESSONS["transposed_convolution"]
    (drawing,) = draw(lesson, lesson.state(at=0))
    image = np.asarray(raster(drawing)).astype(int)
    seen = 0
    for mark in drawing.marks:
        if getattr(mark, "shows", None) and getattr(mark, "mono", False):
            box = image[round(2 * (mark.y - mark.size)) : round(2 * mark.y), round(2 * mark.x - mark.size) : round(2 * mark.x + mark.size)]
            assert (np.abs(box - mark.runs[0].fill).sum(2) < 30).sum() > 20
            seen += 1
    assert seen == 8


# -- GIF ---------------------------------------------------------------------------------------------------------------

WALKS = [case for case in STOPS if not refused(*case) and len(make_scene(*case).cells) <= 16]


@pytest.mark.parametrize(("lesson", "state"), WALKS, ids=map(named, WALKS))
def test_a_gif_has_a_frame_for_every_step(lesson: Lesson, state: State) -> None:
    scene = make_scene(lesson, state)
    steps, trace, panel = len(scene.cells), scene.followed.trace, scene.followed.out
    image = Image.open(BytesIO(exported(lesson, state, ".gif")))
    assert image.n_frames == steps + 1
    told = json.loads(image.info["comment"])
    drawings = draw(lesson, state, steps=range(steps + 1))
    assert told["steps"] == [drawing.words for drawing in drawings]
    assert {(drawing.width, drawing.height) for drawing in drawings} == {(image.width // 2, image.height // 2)}
    frames = [(frame.convert("RGB"), frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
    assert [duration for _, duration in frames] == durations(steps)
    for i, ((frame, _), drawing) in enumerate(zip(frames, drawings)):
        if i in (0, 1, steps // 2, steps):  # no colour is far from its own
            apart = np.abs(np.asarray(frame).astype(int) - np.asarray(raster(drawing)))
            assert apart.max() <= 90
            assert apart.mean() < 0.5
    if scene.counts is not None or state.get("letters") or not panel or panel.hidden or panel.spec.plain:
        return
    for at, step in enumerate(trace.steps(scene.view.reading), start=1):
        compare_output(drawings[at], panel.spec.grid, trace, step.after)
    if drawings[-1].texts().get(panel.spec.grid):
        assert compare_output(drawings[-1], panel.spec.grid, trace) == trace.output.size


def test_a_walk_keeps_the_stages_pace(modules: Page) -> None:
    paces = modules.evaluate(
        """async (counts) => {
          const { Timeline } = await import("/v1/timeline.js");
          return counts.map((count) => Object.assign(new Timeline({ moved() {}, paused() {} }), { count }).pace);
        }""",
        [1, 4, 25, 26, 100, 400],
    )
    assert [durations(count)[0] for count in (1, 4, 25, 26, 100, 400)] == [round(pace, -1) for pace in paces]


# -- what cannot be made, names, the command ---------------------------------------------------------------------------


def test_what_is_too_large_says_so(tmp_path: Path) -> None:
    large = sl.relu(np.zeros((300, 300)))
    with pytest.raises(ValueError, match=r"a picture shows up to 120,000 cells, and these grids have 180,000: take a smaller input"):
        large.save(tmp_path / "large.png")
    lesson = LESSONS["convolution"]
    assert refused(lesson, lesson.state(view="photo"))[".gif"].startswith("a GIF shows up to 400 steps, and this walk has 3,")
    assert refused(lesson, lesson.state(view="photo")).keys() == {".gif"}
    wide = lesson.state(x="random3.20x20", w=[[1]])
    assert refused(lesson, wide)[".gif"] == (
        "a GIF draws up to 120,000 cells over its frames, and 401 frames of 801 are more: take a smaller input, or a PNG or SVG of one step"
    )
    with pytest.raises(OSError, match="cannot be written: "):
        save_lesson(lesson, lesson.defaults, tmp_path / "nowhere" / "a.svg")


def test_a_trace_and_a_pipeline_are_saved(tmp_path: Path) -> None:
    stamp = sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]])
    text = stamp.save(tmp_path / "stamp.svg").read_text(encoding="utf-8")
    assert re.search(r'data-cell="0,1,1" data-value="16.0">16</text>', text)
    with Image.open(stamp.save(tmp_path / "stamp.png")) as image:
        assert image.text["Description"].startswith("conv_transpose2d: 2 × 2 to 3 × 3")
    with Image.open(stamp.save(tmp_path / "stamp.gif")) as image:
        assert image.n_frames == 5
    net = tiny_unet()
    root = ElementTree.parse(net.save(tmp_path / "net.svg")).getroot()
    last = list(net.steps)[-1]
    found = [
        element.text for element in root.iter(f"{SVG}text") if element.attrib.get("data-grid") == last and "data-cell" in element.attrib
    ]
    assert len(found) == net.output.size
    agree(list(zip(found, net.output.ravel())))


def test_a_lessons_json_is_loaded(tmp_path: Path) -> None:
    lesson = LESSONS["transposed_convolution"]
    for number in range(1, len(lesson.stops) + 1):
        state = {**lesson.usual(number), "stop": number}
        made = sl.load(save_lesson(lesson, state, tmp_path / "a.json"))
        np.testing.assert_allclose(made.output, make_scene(lesson, state).pipeline.output)
        assert asked(json.loads((tmp_path / "a.json").read_text())["link"])[1] == state


def test_a_name_tells_the_setting() -> None:
    lesson = LESSONS["convolution"]
    assert file_name(lesson, lesson.defaults, ".png") == "convolution.png"
    assert file_name(lesson, lesson.state(stop=3, x=[[9]]), ".svg").startswith("convolution-stop3-x9-")
    names = {file_name(lesson, lesson.state(x=[[i] * 8] * 8, w=[[i]], bias=i / 100), ".gif") for i in range(50)}
    assert len(names) == 50
    for name in names | {file_name(*case, ".gif") for case in STATES}:
        assert re.fullmatch(r"[A-Za-z0-9._~-]{1,90}", name)


def test_the_command_writes_what_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "stamp.svg"
    assert main(["export", "transposed_convolution", "--set", "stride=2", "x=1_2~3_4", "--out", str(out), "--dark", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["link"] == {"v": "1", "x": "1_2~3_4", "stride": "2"}
    told = json.loads(ElementTree.parse(out).getroot().findtext(f"{SVG}metadata") or "")
    lesson, state = asked("transposed_convolution", ["stride=2", "x=1_2~3_4"])
    assert told["state"]["x"] == [[1, 2], [3, 4]]
    assert told["output"] == make_scene(lesson, state).pipeline.output.tolist()
    for kind in ("gif", "html", "json", "png"):
        assert main(["export", "http://host/transposed_convolution?v=1&stop=3&lecture=1", "--format", kind]) == 0
        assert (tmp_path / f"transposed_convolution-stop3.{kind}").stat().st_size > 500
    assert main(["export", "convolution", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "convolution.png").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["convolutio"], "lesson 'convolutio' is unknown: is convolution meant?"),
        (["convolution", "--set", "stride"], "setting 'stride' is not name=value, as in stride=2"),
        (["convolution", "--set", "strid=2"], "'strid' is not a field of convolution: is stride meant?"),
        (["convolution", "--set", "stride=9"], "stride=9 is out of range (1 to 4)"),
        (["convolution", "--set", "x=1_2~3"], "x=1_2~3 is not a grid: its rows have different lengths"),
        (["convolution", "--set", "padding_mode=circular", "padding=4", "x=1"], "padding=4 is too much for circular padding of height 1"),
        (["convolution", "--out", "a.bmp"], "a.bmp has no suffix that can be written: choose one of .gif, .html, .json, .png, .svg"),
        (["convolution", "--out", "a.svg", "--format", "png"], "--out a.svg and --format png differ: give one of them"),
        (["convolution", "--out", "nowhere/a.png"], "nowhere/a.png cannot be written: No such file or directory"),
        (["convolution", "--set", "view=photo", "--out", "a.gif"], "a GIF shows up to 400 steps, and this walk has 3,"),
        (["convolution", "--width", "3"], "width=3 is out of range: 240 to 3840"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"seglab: {sentence}"), told
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_a_lesson() -> None:
    page = show("transposed_convolution", stop=3, stride=4)._repr_html_()
    assert page.startswith('<iframe title="Transposed convolution"')
    assert "&quot;stop&quot;:3" in page


def test_a_page_gives_what_it_shows(visit: Callable[..., Any]) -> None:
    lesson = LESSONS["transposed_convolution"]
    link = lesson.link(lesson.state(stop=3, stride=3, at=2))
    with visit("/transposed_convolution?" + "&".join(f"{name}={value}" for name, value in link.items()), scheme="dark") as page:
        found = {}
        page.get_by_text("Take this stage along").click()
        for kind in ("PNG", "SVG", "GIF", "HTML", "JSON"):
            with page.expect_download() as download:
                page.get_by_role("button", name=kind, exact=True).click()
            assert download.value.suggested_filename == f"transposed_convolution-stop3-stride3-at2.{kind.lower()}"
            found[kind] = Path(download.value.path()).read_bytes()
        page.get_by_text("Embed it in a page of your own").click()
        page.locator("code", has_text="at=2").wait_for()
        page.locator(".stage").get_by_role("button", name="One step forward").click()
        page.locator("code", has_text="at=3").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="JSON", exact=True).click()
        assert download.value.suggested_filename == "transposed_convolution-stop3-stride3-at3.json"
        assert json.loads(Path(download.value.path()).read_text())["state"]["at"] == 3
    lesson, state = asked("transposed_convolution", [f"{name}={value}" for name, value in link.items() if name != "v"])
    for kind in ("PNG", "SVG", "GIF"):
        assert found[kind] == exported(lesson, state, f".{kind.lower()}", Look(dark=True))
    assert json.loads(found["JSON"])["state"] == json.loads(json.dumps(state))
    assert b'"stride":3' in found["HTML"]
    with visit("/convolution?v=1&stop=4") as page:
        page.get_by_text("Take this stage along").click()
        page.get_by_text("No GIF of this setting: a GIF shows up to 400 steps, and this walk has 3,844").wait_for()
        assert page.get_by_role("button", name="GIF", exact=True).is_disabled()
