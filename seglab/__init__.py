"""seglab: the operators of segmentation networks, every number in sight.

>>> import seglab as sl
>>> sl.conv_transpose2d([[0, 1], [2, 3]], [[4, 1], [2, 3]]).terms(1, 1)[-1].product
12.0
"""

from seglab.normalisation import batch_norm
from seglab.operators import (
    avg_pool2d,
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    locally_connected2d,
    max_pool2d,
    min_pool2d,
)
from seglab.pipeline import Pipeline
from seglab.psnr import psnr
from seglab.rearranging import (
    bed_of_nails,
    concat,
    crop,
    interpolate,
    max_unpool2d,
    pixel_shuffle,
    relu,
    shift,
    sigmoid,
    subtract,
    tanh,
    threshold,
)
from seglab.receptive_field import Layer, ReceptiveField, receptive_field, receptive_fields, traced
from seglab.sizes import output_size, solve_output_size
from seglab.stored import load
from seglab.trace import Trace

__version__ = "0.1.0"

__all__ = [
    "Layer",
    "Pipeline",
    "ReceptiveField",
    "Trace",
    "avg_pool2d",
    "batch_norm",
    "bed_of_nails",
    "concat",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "crop",
    "interpolate",
    "load",
    "locally_connected2d",
    "max_pool2d",
    "max_unpool2d",
    "min_pool2d",
    "output_size",
    "pixel_shuffle",
    "psnr",
    "receptive_field",
    "receptive_fields",
    "relu",
    "shift",
    "sigmoid",
    "solve_output_size",
    "subtract",
    "tanh",
    "threshold",
    "traced",
]
