"""A network as an ONNX file, for programs without torch: images of any number and any size that fits."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import torch

from seglab.nets.blocks import Network
from seglab.nets.fitting import at_least, output_size, shift


def to_onnx(model: Network, size: int) -> bytes:
    """The network in evaluation as an ONNX file: "image" (B, C, H, W), standardised, to "logits" (B, classes, H', W').

    It is traced with images of `size` pixels a side, but B, H and W stay free, as far as `fitting.output_size` allows. Raises ValueError
    for a size that does not fit, where the packages for it are missing, and for a network that this torch cannot write.
    """
    output_size(size, model)
    if find_spec("onnx") is None or find_spec("onnxscript") is None:
        raise ValueError('writing ONNX needs two more packages: pip install "seglab[onnx]"')
    side = max(size, 2 ** (model.depth + 1))  # a map of one pixel would be taken as always one
    image = torch.zeros(2, model.channels, side, side)
    with _quiet():
        try:
            made = torch.onnx.export(
                copy.deepcopy(model).cpu().eval(),
                (image,),
                dynamo=True,
                verbose=False,
                input_names=["image"],
                output_names=["logits"],
                dynamic_shapes=({0: torch.export.Dim("batch"), 2: _side(model, "height"), 3: _side(model, "width")},),
            )
        except torch.onnx.errors.OnnxExporterError as error:
            told = str(error).splitlines()[0][:120]
            raise ValueError(f"torch {torch.__version__} cannot write upsampling={model.upsampling!r} as ONNX: {told}") from None
    assert made is not None
    return bytes(made.model_proto.SerializeToString())


def _side(model: Network, name: str) -> torch.export.Dim:
    """A side that may be any that fits: a multiple of ``2 ** depth``, or without padding a little less than one."""
    step, short = 2**model.depth, shift(model)
    steps = torch.export.Dim(f"{name}_steps", min=max(2, (at_least(1, model) + short) // step))
    sides: torch.export.Dim = step * steps - short if short else step * steps
    return sides


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch's exporter says of torch's own code, of packages it could use, and of empty attributes."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
