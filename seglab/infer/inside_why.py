"""Why an output pixel says what it says: the gradient of its score with respect to the picture, and what hiding parts of it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seglab.infer.inside import picture_for, tensor_of
from seglab.infer.inside_told import Picture, Why
from seglab.nets.architecture import Architecture
from seglab.nets.blocks import Network
from seglab.nets.fitting import border
from seglab.nets.maps import field_on

MOST = 144  # places that are hidden, one after the other
BATCH = 8
WORK = 128 * 128 * 16 * 16 * MOST  # pixels by squared width by places that take some seconds; of larger networks fewer places are hidden


def why(model: Network, difficulty: float, picture: Picture, pixel: tuple[int, int], against: bool, square: int) -> Why:
    """The gradient of the winning class's logit, or `against` the runner-up that of the difference, at a pixel (row, column) of the mask;
    and what a grey square of so many pixels a side does. A pixel outside of the mask becomes the nearest one inside.

    Raises ValueError for a file that cannot be read.
    """
    image, done = picture_for(model, picture, difficulty, model.channels)
    x = tensor_of(image).requires_grad_()
    logits = model.eval()(x)[0]
    row, column = (max(0, min(at, size - 1)) for at, size in zip(pixel, logits.shape[1:], strict=True))
    scores = logits[:, row, column]
    winner, second = (int(number) for number in scores.detach().topk(2).indices)
    asked = scores[winner] - scores[second] if against else scores[winner]
    (slope,) = torch.autograd.grad(asked, x)
    gradient = slope[0].abs().sum(0).double().numpy()
    gradient = gradient / max(float(gradient.sum()), 1e-30)
    net = Architecture(**model.options)  # type: ignore[arg-type]
    rows, columns = (field_on(net, size, at) for size, at in zip(image.shape[:2], (row, column), strict=True))
    drop, step, corner = occluded(model, x.detach(), (row, column), winner, square, (rows, columns))
    lost = border(model)
    return Why(
        own=(row + lost, column + lost),
        winner=winner,
        second=second,
        chances=[round(float(chance), 6) for chance in torch.softmax(scores.detach(), 0)],
        field=(rows.start, rows.stop, columns.start, columns.stop),
        inside=_share(gradient, rows, columns),
        middle=_share(gradient, _middle(rows), _middle(columns)),
        step=step,
        corner=corner,
        square=square,
        gradient=gradient.astype(np.float32),
        drop=drop,
        image=np.asarray(image, np.float32),
        mask=logits.detach().argmax(0).to(torch.uint8).numpy(),
        border=lost,
        done=done,
    )


def _middle(cells: range) -> range:
    quarter = len(cells) // 4
    return cells[quarter : len(cells) - quarter]


def _share(gradient: NDArray[Any], rows: range, columns: range) -> float:
    return float(gradient[max(0, rows.start) : max(0, rows.stop), max(0, columns.start) : max(0, columns.stop)].sum())


def occluded(
    model: Network, x: Tensor, pixel: tuple[int, int], label: int, square: int, field: tuple[range, range] | None = None
) -> tuple[NDArray[np.float32], int, tuple[int, int]]:
    """How far the chance of class `label` at a pixel drops when a square of x (1, C, H, W) is hidden by the picture's mean, 0.

    Squares have their middles in the middle of cells of `step` pixels, row by row; the cells begin at a corner and hold the `field`, or
    all of the picture. Returns drops (rows, columns), the step and the corner.
    """
    inside = [range(max(0, cells.start), min(size, cells.stop)) for cells, size in zip(field or (), x.shape[-2:], strict=False)]
    rows, columns = inside or [range(size) for size in x.shape[-2:]]
    width = int(model.encoder[0][0].out_channels)  # type: ignore[index,union-attr]
    step, most = max(2, square // 4), max(36, min(MOST, WORK // (x.shape[-1] * x.shape[-2] * width**2)))
    while -(-len(rows) // step) * -(-len(columns) // step) > most:
        step += 1
    places = [(top, left) for top in range(rows.start, rows.stop, step) for left in range(columns.start, columns.stop, step)]
    drops, (row, column) = [], pixel
    with torch.inference_mode():
        before = torch.softmax(model(x)[0, :, row, column], 0)[label]
        for first in range(0, len(places), BATCH):
            hidden = x.repeat(len(places[first : first + BATCH]), 1, 1, 1)
            for one, (top, left) in zip(hidden, places[first : first + BATCH], strict=True):
                up, aside = top + (step - square) // 2, left + (step - square) // 2
                one[:, max(0, up) : up + square, max(0, aside) : aside + square] = 0
            drops.append(before - torch.softmax(model(hidden)[:, :, row, column], 1)[:, label])
    found = torch.cat(drops).numpy().reshape(-(-len(rows) // step), -(-len(columns) // step))
    return found, step, (rows.start, columns.start)
