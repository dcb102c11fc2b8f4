"""JavaScript, NumPy and (by the contract) torch agree: the same random settings go through the browser's builders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from settings import SETTINGS, explore

import seglab as sl
from seglab.lessons import LESSONS
from seglab.sizes import SIZE_OPS
from seglab.stage.lesson import Lesson, build
from seglab.stored import call_json

if TYPE_CHECKING:
    from playwright.sync_api import Page

RUN = """async (calls) => {
  const { run } = await import("/v1/operators.js");
  return calls.map((call) => {
    const trace = run(call), { rows } = trace;
    const steps = trace.by("tap").start.length - 1;
    return {
      shape: trace.outGrid.shape, output: [...trace.output], out: [...rows.out], inp: [...rows.inp], weight: [...rows.weight],
      coef: rows.coef && [...rows.coef], steps, indices: ["max", "min"].includes(trace.reduce) ? [...trace.indices] : null,
    };
  });
}"""


@pytest.mark.parametrize("op", SETTINGS)
def test_rows_and_outputs_are_those_of_numpy(op: str, modules: Page) -> None:
    traces: list[sl.Trace] = []
    explore(op, lambda setting, trace: traces.append(trace))
    assert len(traces) >= 100
    found = modules.evaluate(RUN, [call_json(trace.call) for trace in traces])
    for trace, theirs in zip(traces, found):
        assert tuple(theirs["shape"]) == trace.out_grid.shape
        np.testing.assert_allclose(theirs["output"], trace.output.ravel(), rtol=1e-12, atol=1e-14)
        for column in ("out", "inp", "weight"):
            np.testing.assert_array_equal(theirs[column], getattr(trace.rows, column))
        if trace.rows.coef is None:
            assert theirs["coef"] is None
        else:
            np.testing.assert_allclose(theirs["coef"], trace.rows.coef, rtol=1e-12)
        assert theirs["steps"] == len(trace.steps("tap"))
        if theirs["indices"] is not None:
            np.testing.assert_array_equal(theirs["indices"], trace.indices.ravel())


def test_partial_outputs_are_those_of_numpy(modules: Page) -> None:
    """Stamps, dot products and shifts, step by step."""
    traces: list[sl.Trace] = []
    explore("conv_transpose2d", lambda setting, trace: traces.append(trace))
    for trace in traces[::10]:
        half = np.flatnonzero(np.arange(len(trace.rows)) % 3 > 0)
        found = modules.evaluate(
            """async ([call, rows]) => {
              const { run } = await import("/v1/operators.js");
              const { values, reached } = run(call).after(Int32Array.from(rows));
              return [...values].map((value, cell) => (reached[cell] ? value : null));
            }""",
            [call_json(trace.call), half.tolist()],
        )
        np.testing.assert_allclose(np.array(found, float), trace.after(half).ravel(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("op", ["max_pool2d", "min_pool2d", "avg_pool2d", "conv2d"])
def test_gradients_are_those_of_numpy(op: str, modules: Page) -> None:
    """`backward` of ways.js, of torch's ties and of padding; numpy's own `transpose` is held to torch by the contract."""
    traces: list[sl.Trace] = []
    explore(op, lambda setting, trace: traces.append(trace) if trace.activation is None else None)
    rng = np.random.default_rng(7)
    chosen = traces[::3]
    assert len(chosen) >= 20
    gradients = [rng.integers(-4, 5, trace.output.shape).astype(float) for trace in chosen]
    found = modules.evaluate(
        """async (given) => {
          const { run } = await import("/v1/operators.js"), { backward } = await import("/v1/ways.js");
          return given.map(([call, gradient]) => {
            const trace = run(call);
            return [...backward(trace, { data: Float64Array.from(gradient), shape: trace.outGrid.shape }).output];
          });
        }""",
        [[call_json(trace.call), gradient.ravel().tolist()] for trace, gradient in zip(chosen, gradients)],
    )
    for trace, gradient, theirs in zip(chosen, gradients, found):
        np.testing.assert_allclose(theirs, trace.backward(gradient).input.ravel(), rtol=1e-12, atol=1e-12)


def test_psnr_is_that_of_numpy(modules: Page) -> None:
    rng = np.random.default_rng(8)
    pairs = [(a, a + rng.normal(0, scale, 50)) for scale in (0, 1e-3, 0.1, 2) for a in [rng.random(50)]]
    found = modules.evaluate(
        "async (pairs) => { const { psnr } = await import('/v1/psnr.js'); return pairs.map(([a, b]) => String(psnr(a, b))); }",
        [[a.tolist(), b.tolist()] for a, b in pairs],
    )
    np.testing.assert_allclose([float(text.replace("Infinity", "inf")) for text in found], [sl.psnr(a, b) for a, b in pairs], rtol=1e-12)
    assert found[0] == "Infinity"


@pytest.mark.parametrize("op", SIZE_OPS)
def test_sizes_refusals_and_answers(op: str, modules: Page) -> None:
    """Every small setting: the same size, or the same sentence; and the same answers to the inverse question."""
    from itertools import product

    from seglab.sizes import Setting, axis_size, unread

    settings = [
        (n, Setting(k, s, p, d, e, c))
        for n, k, s, p, d, e, c in product((1, 4, 7), range(4), (1, 2, 3), (0, 1, 3), (1, 2), (0, 1, 2), (False, True))
    ]

    def ours(size: int, setting: Setting) -> Any:
        try:
            return [axis_size(op, size, setting), unread(op, size, setting)]
        except ValueError as error:
            return str(error)

    found = modules.evaluate(
        """async ([op, settings]) => {
          const { axisSize, unread } = await import("/v1/sizes.js");
          return settings.map(([size, setting]) => {
            try { return [axisSize(op, size, setting), unread(op, size, setting)]; } catch (error) { return error.message; }
          });
        }""",
        [op, [[size, setting._asdict()] for size, setting in settings]],
    )
    assert found == [ours(size, setting) for size, setting in settings]
    ranges = {
        "kernel_size": [1, 2, 3, 4, 5],
        "stride": [1, 2, 3],
        "padding": [0, 1, 2],
        "dilation": [1, 2],
        "output_padding": [0, 1],
        "ceil_mode": [False, True],
    }
    answers = modules.evaluate("async ([op, ranges]) => (await import('/v1/sizes.js')).solve(op, 7, 4, ranges)", [op, ranges])
    assert [tuple(a.values()) for a in answers] == [tuple(a) for a in sl.solve_output_size(op, 7, 4, **ranges)]


REFUSED = [
    {"op": "conv2d", "operands": {"input": [[1, 2], [3, 4]], "weight": [[1, 1, 1]]}, "options": {}},
    {"op": "conv2d", "operands": {"input": [[1, 2]], "weight": [[1]]}, "options": {"padding": 2, "padding_mode": "reflect"}},
    {"op": "conv2d", "operands": {"input": [[1, 2]], "weight": [[1]]}, "options": {"groups": 2}},
    {"op": "conv2d", "operands": {"input": [[1, 2]], "weight": [[[[1]], [[1]]]]}, "options": {}},
    {"op": "conv2d", "operands": {"input": [[1, 2]], "weight": [[1]]}, "options": {"activation": "swish"}},
    {"op": "conv2d", "operands": {"input": [[1, 2]], "weight": [[1]]}, "options": {"padding_mode": "mirror"}},
    {"op": "conv_transpose2d", "operands": {"input": [[1, 2]], "weight": [[1]]}, "options": {"padding": 3}},
    {"op": "conv_transpose2d", "operands": {"input": [[1, 2]], "weight": [[[[1]]], [[[1]]]]}, "options": {}},
    {"op": "max_pool2d", "operands": {"input": [[1, 2]]}, "options": {"kernel_size": 2, "padding": 1, "dilation": 2}},
    {"op": "max_unpool2d", "operands": {"input": [[1, 2]], "indices": [[0, 0]]}, "options": {"kernel_size": 1}},
    {"op": "max_unpool2d", "operands": {"input": [[1]], "indices": [[7]]}, "options": {"kernel_size": 2}},
    {"op": "max_unpool2d", "operands": {"input": [[1]], "indices": [[0]]}, "options": {"kernel_size": 2, "output_size": [5, 2]}},
    {"op": "interpolate", "operands": {"input": [[1]]}, "options": {"scale_factor": 0.5}},
    {"op": "crop", "operands": {"input": [[1, 2]]}, "options": {"top": 0, "left": 1, "height": 1, "width": 2}},
    {"op": "concat", "operands": {"input0": [[1]], "input1": [[1, 2]]}, "options": {}},
    {"op": "batch_norm", "operands": {"input": [[1]]}, "options": {"training": True}},
    {"op": "batch_norm", "operands": {"input": [[1, 2]]}, "options": {}},
    {"op": "batch_norm", "operands": {"input": [[1, 2]], "running_mean": [0], "running_var": [-0.5]}, "options": {}},
    {"op": "batch_norm", "operands": {"input": [[1, 2]], "running_mean": [0], "running_var": [0]}, "options": {"eps": 0}},
    {"op": "batch_norm", "operands": {"input": [[1, 2]]}, "options": {"training": True, "eps": 0}},
    {"op": "batch_norm", "operands": {"input": [[1, 2]], "weight": [1, 2]}, "options": {"training": True}},
    {"op": "pixel_shuffle", "operands": {"input": [[1]]}, "options": {"r": 2}},
    {
        "op": "conv2d",
        "operands": {"input": np.zeros((64, 64)).tolist(), "weight": np.zeros((64, 1, 3, 3)).tolist()},
        "options": {"padding": 1},
    },
]


def test_refusals_are_the_same_sentences(modules: Page) -> None:
    from seglab.stored import restore

    def ours(call: dict[str, Any]) -> str:
        with pytest.raises(ValueError) as error:
            restore({"seglab": 1, "kind": "trace", **call})
        return str(error.value)

    found = modules.evaluate(
        """async (calls) => {
          const { run } = await import("/v1/operators.js");
          return calls.map((call) => { try { run(call); return "accepted"; } catch (error) { return error.message; } });
        }""",
        REFUSED,
    )
    assert found == [ours(call) for call in REFUSED]


def random_states(lesson: Lesson, count: int) -> list[dict[str, Any]]:
    """States that can be built, of every view: small grids with quarters, or patterns."""
    rng, found = np.random.default_rng(11), []
    while len(found) < count:
        state = dict(lesson.defaults)
        for field in lesson.fields:
            if field.kind == "grid":
                size = rng.integers(field.low, min(field.high, 5) + 1, 2)
                literal = (rng.integers(-8, 9, (*field.planes, *size)) / 4).tolist()
                pattern = f"{rng.choice(['random', 'ones', 'disc', 'photo', 'scene'])}{rng.integers(0, 2)}.{rng.integers(1, 12)}x{rng.integers(1, 12)}"
                state[field.name] = literal if rng.random() < 0.7 or field.high < 8 else pattern
            elif field.kind == "pair":
                state[field.name] = rng.integers(field.low, min(field.high, 9) + 1, 2).tolist()
            elif field.kind == "number":
                state[field.name] = int(rng.integers(field.low * 4, field.high * 4 + 1)) / 4
            elif field.kind == "int":
                state[field.name] = int(rng.integers(field.low, field.high + 1))
            elif field.kind == "choice":
                state[field.name] = str(rng.choice(field.options))
            else:
                state[field.name] = bool(rng.random() < 0.5)
        found.append(state)
    return found


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_views_links_and_refusals_are_the_same_in_both_languages(lesson: Lesson, modules: Page) -> None:
    states = [lesson.state(**stop.state) for stop in lesson.stops] + [lesson.state(**changes) for _, changes in lesson.presets]
    states += random_states(lesson, 2500)
    # As text: the browser's protocol takes far longer over a million numbers one by one.
    theirs = modules.evaluate(
        """async (given) => {
          const [lesson, states] = JSON.parse(given);
          const { build } = await import("/v1/recipe.js");
          const { query } = await import("/v1/fields.js");
          return JSON.stringify(states.map((state) => {
            const link = query(lesson, state);
            try {
              const { grids } = build(lesson, state, lesson.views.find((view) => view.name === state.view));
              return [link, Object.fromEntries([...grids].map(([name, grid]) => [name, [...grid.data]]))];
            } catch (error) { return [link, error.message]; }
          }));
        }""",
        json.dumps([lesson.data, states]),
    )
    built = 0
    for state, (link, found) in zip(states, json.loads(theirs), strict=True):
        assert link == "&".join(f"{name}={text}" for name, text in lesson.link(state).items())
        try:
            pipeline = build(lesson, state)
        except ValueError as error:
            assert found == str(error), state
            continue
        built += 1
        assert set(found) == {*pipeline.inputs, *pipeline.steps}
        for name, values in found.items():
            np.testing.assert_allclose(values, pipeline.values(name).ravel(), rtol=1e-12, atol=1e-12)
    assert built >= 100
