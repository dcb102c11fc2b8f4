"""The second view of a transposed convolution: insert zeros between the input cells, pad, and slide the flipped kernel.

With stride s, padding p and dilation d, s - 1 zeros are inserted, d * (k - 1) - p cells of padding are added on each side (output_padding
more at the bottom and right; a negative number crops), and an ordinary convolution of stride 1 follows. It is slower than stamping, since
most of what it multiplies is zero, which is why nobody computes it so. Source: Dumoulin and Visin, arXiv:1603.07285, section 4.
"""

from __future__ import annotations

import numpy as np

from seglab.operators import conv2d
from seglab.pipeline import Pipeline
from seglab.rearranging import bed_of_nails, crop
from seglab.trace import Trace


def zero_insertion(stamped: Trace, names: tuple[str, str, str, str] = ("input", "nails", "inserted", "output")) -> Pipeline:
    """The same output by inserting zeros: four grids by these `names`.

    On a line the image is one row. Raises ValueError for other operators, and where cropping would leave nothing of the input.

    >>> import seglab as sl
    >>> stamped = sl.conv_transpose2d([[1, 2], [3, 4]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]], stride=2, padding=1)
    >>> view = zero_insertion(stamped)
    >>> view.values("inserted").tolist()
    [[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [3.0, 0.0, 4.0]]
    >>> (view.output == stamped.output).all()
    np.True_
    """
    if not stamped.op.startswith("conv_transpose"):
        raise ValueError(f"{stamped.op} has no zero-insertion view: only transposed convolutions do")
    options, dims = stamped.call.options, stamped.dims
    axes = [
        _axis(n, k, s, p, d, extra)
        for n, k, s, p, d, extra in zip(
            stamped.inputs[0].shape[3 - dims :],
            stamped.kernel_size[2 - dims :],
            *(options[name] for name in ("stride", "padding", "dilation", "output_padding")),
            strict=True,
        )
    ]
    groups, weight = options["groups"], stamped.weight
    assert weight is not None
    image = stamped.inputs[0] if len(stamped.in_shapes[0]) > dims or weight.shape[:2] != (1, 1) else stamped.inputs[0][0]
    starts, ends = [start for start, _, _ in axes], [end for _, end, _ in axes]
    if dims == 1:
        starts, ends = [0, *starts], [1, *ends]
    first, nails, inserted, last = names
    pipeline = Pipeline(**{first: image}).then(nails, bed_of_nails, first, scale=(1, 1)[: 2 - dims] + options["stride"])
    pipeline = pipeline.then(inserted, crop, nails, top=starts[0], left=starts[1], height=ends[0] - starts[0], width=ends[1] - starts[1])
    split = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
    flipped = split.reshape(-1, split.shape[2], *weight.shape[2:])[..., ::-1, ::-1]
    around = [padding for _, _, padding in axes]
    spread = options["dilation"] if dims == 2 else (1, *options["dilation"])
    kernel = flipped if image.ndim == 3 else flipped[0, 0]
    return pipeline.then(
        last,
        conv2d,
        inserted,
        weight=np.ascontiguousarray(kernel),
        bias=stamped.bias,
        padding=tuple(around) if dims == 2 else ((0, 0), around[0]),
        dilation=spread,
        groups=groups,
        activation=options["activation"],
    )


def _axis(size: int, kernel: int, stride: int, padding: int, dilation: int, extra: int) -> tuple[int, int, tuple[int, int]]:
    """Along one axis: where the nails are cut (start, end), and the padding before and after."""
    length = (size - 1) * stride + 1
    before = dilation * (kernel - 1) - padding
    start, reach = max(0, -before), length + before + extra
    end = min(length, reach)
    if end <= start:
        end = min(reach, size * stride)
    if end <= start:
        raise ValueError(f"padding={padding} crops the whole input: this setting has no zero-insertion view")
    return start, end, (max(0, before), reach - end)
