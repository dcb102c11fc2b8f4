"""One contract for every operator: torch's numbers, and every identity that the rows promise."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest
import torch
from settings import SETTINGS, explore, flag_counts

import seglab as sl
from seglab.nets.judge import run_snippet
from seglab.stored import OPERATORS, as_json, restore

TOLERANCE = {"rtol": 1e-9, "atol": 1e-12}


def gradients_of_torch(trace: sl.Trace, gradient: np.ndarray) -> dict[str, np.ndarray]:
    # Running statistics are buffers to torch, without a gradient.
    lines = [
        line if line.startswith("running_") else line.replace("float64)", "float64, requires_grad=True)")
        for line in trace.torch_code().splitlines()
    ]
    found = run_snippet("\n".join(lines))
    if not found["output"].requires_grad:
        return {}
    found["output"].backward(torch.tensor(gradient))
    return {name: found[name].grad.numpy() for name in trace.call.operands if found[name].grad is not None}


def agrees_with_torch(trace: sl.Trace) -> None:
    found = run_snippet(trace.torch_code())
    np.testing.assert_allclose(trace.output, found["output"].numpy(), **TOLERANCE)
    np.testing.assert_allclose(np.array(ast.literal_eval(found["printed"])), trace.output, **TOLERANCE)
    assert trace.check() <= 1e-9


def gradients_agree(trace: sl.Trace, rng: np.random.Generator) -> None:
    gradient = rng.integers(-3, 4, trace.out_shape).astype(float)
    ours, theirs = trace.backward(gradient), gradients_of_torch(trace, gradient)
    inputs = dict(
        zip((n for n in trace.call.operands if n not in ("weight", "bias")), ours.input if isinstance(ours.input, tuple) else (ours.input,))
    )
    for name, values in {**inputs, "weight": ours.weight, "bias": ours.bias}.items():
        if name in theirs:
            np.testing.assert_allclose(np.reshape(values, theirs[name].shape), theirs[name], **TOLERANCE)


def readings_agree(trace: sl.Trace, rng: np.random.Generator) -> None:
    for by in ("output", "input", "tap"):
        steps = trace.steps(by)
        np.testing.assert_array_equal(steps[-1].after, trace.output)
        rows = np.concatenate([step.rows for step in steps])
        assert len(np.unique(rows)) == len(rows), "a row belongs to one step"
        last = trace.after(np.sort(rows))
        reached = ~np.isnan(last)
        np.testing.assert_allclose(last[reached], trace.output[reached], **TOLERANCE)
    cell = tuple(int(rng.integers(n)) for n in trace.out_shape)
    products = [term.product for term in trace.terms(*cell)]
    linear = trace.linear.reshape(trace.out_shape)[cell]
    if trace.bias is not None:
        linear = linear - trace.bias[cell[0] if len(trace.bias) > 1 else 0]
    reduced = {"sum": sum, "max": max, "min": min, "pick": lambda found: found[-1] if found else 0.0}[trace.reduce](products)
    np.testing.assert_allclose(reduced, linear, **TOLERANCE)


def matrix_agrees(trace: sl.Trace, rng: np.random.Generator) -> None:
    operands = np.concatenate([values.ravel() for values in trace.inputs])
    linear = trace.matrix() @ operands
    if trace.bias is not None:
        linear = (linear.reshape(len(trace.bias), -1) + trace.bias[:, None]).ravel()
    np.testing.assert_allclose(linear, trace.linear, **TOLERANCE)
    if len(trace.inputs) > 1:
        with pytest.raises(ValueError, match="no single transpose"):
            trace.transpose()
        return
    y = rng.integers(-3, 4, trace.out_shape).astype(float)
    back = trace.transpose(y)
    np.testing.assert_allclose(back.output.ravel(), trace.matrix().T @ y.ravel(), **TOLERANCE)
    np.testing.assert_allclose(back.matrix().toarray(), trace.matrix().toarray().T, **TOLERANCE)
    np.testing.assert_allclose((trace.matrix() @ operands) @ y.ravel(), operands @ back.output.ravel(), **TOLERANCE)


@pytest.mark.parametrize("op", SETTINGS)
def test_contract(op: str) -> None:
    rng = np.random.default_rng(0)

    def contract(setting: dict[str, Any], trace: sl.Trace) -> None:
        agrees_with_torch(trace)
        gradients_agree(trace, rng)
        readings_agree(trace, rng)
        matrix_agrees(trace, rng)
        np.testing.assert_array_equal(restore(as_json(trace)).output, trace.output)
        assert not trace.output.flags.writeable

    accepted = explore(op, contract)
    assert len(accepted) >= 100
    assert min(flag_counts(op, accepted).values(), default=20) >= 20, flag_counts(op, accepted)


def test_every_operator_is_under_the_contract() -> None:
    assert set(SETTINGS) == set(OPERATORS)


@pytest.mark.parametrize("op", ["conv2d", "conv1d", "max_pool2d", "conv_transpose2d"])
def test_transpose_of_a_transpose_prints_the_same_code(op: str) -> None:
    """The transposed operator is judged by differentiating torch's own."""

    def twice(setting: dict[str, Any], trace: sl.Trace) -> None:
        if trace.reduce == "sum":
            assert trace.transpose().check() <= 1e-9
            assert trace.transpose().transpose().check() <= 1e-9

    assert len(explore(op, twice)) >= 100


def test_transposed_convolution_is_the_convolution_with_columns_exchanged() -> None:
    compared = 0

    def exchanged(setting: dict[str, Any], trace: sl.Trace) -> None:
        nonlocal compared
        if setting["padding_mode"] != "zeros" or not isinstance(setting["padding"], int):
            return
        kwargs = {name: setting[name] for name in ("stride", "padding", "dilation")}
        back = trace.transpose()
        shape = trace.in_shapes[0][-2:]
        weight = np.reshape(setting["weight"], trace.weight.shape)
        y = np.reshape(trace.output, trace.out_grid.shape)
        kernel, stride, dilation = trace.kernel_size, *((v, v) if isinstance(v, int) else v for v in (kwargs["stride"], kwargs["dilation"]))
        usual = [
            (n - 1) * s - 2 * kwargs["padding"] + d * (k - 1) + 1 for n, s, d, k in zip(trace.out_grid.shape[1:], stride, dilation, kernel)
        ]
        extra = tuple(n - m for n, m in zip(shape, usual))
        direct = sl.conv_transpose2d(y, weight, output_padding=extra, groups=setting["groups"], **kwargs)
        np.testing.assert_allclose(back.output.ravel(), direct.output.ravel(), **TOLERANCE)
        compared += 1

    explore("conv2d", exchanged)
    assert compared >= 10


def test_a_stride_of_the_windows_sides_exchanged_stands_in_the_code() -> None:
    """A window of (2, 3) moved by (3, 2): equal numbers, another order."""
    pooled = sl.max_pool2d(np.arange(49.0).reshape(7, 7) % 11, (2, 3), stride=(3, 2))
    back = sl.max_unpool2d(pooled.output, pooled.indices, (2, 3), stride=(3, 2), output_size=(7, 7))
    assert "stride=(3, 2)" in back.torch_code()
    assert back.check() == 0


def test_indices_are_those_of_torch() -> None:
    def same(setting: dict[str, Any], trace: sl.Trace) -> None:
        rest = {name: value for name, value in setting.items() if name != "input"}
        image = torch.tensor(setting["input"], dtype=torch.float64)
        lifted = image if image.ndim == 3 else image[None]
        _, theirs = torch.nn.functional.max_pool2d(lifted, return_indices=True, **rest)
        np.testing.assert_array_equal(trace.indices, theirs.numpy().reshape(trace.out_shape))

    assert len(explore("max_pool2d", same)) >= 100


@pytest.mark.parametrize("op", ["conv_transpose1d", "conv_transpose2d"])
def test_inserting_zeros_is_the_same_operator(op: str) -> None:
    shown = 0

    def same(setting: dict[str, Any], trace: sl.Trace) -> None:
        nonlocal shown
        try:
            view = trace.zero_insertion()
        except ValueError as error:
            assert "crops the whole input" in str(error)
            return
        np.testing.assert_allclose(view.output.ravel(), trace.output.ravel(), **TOLERANCE)
        shown += 1

    accepted = explore(op, same)
    assert shown >= 0.9 * len(accepted)
    assert shown >= 100
