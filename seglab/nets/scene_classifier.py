"""A small classifier of one image, with either of two ends: the largest response over all places, or a weight for every place.

Both have the same convolutions. Global pooling cannot tell where something was seen (as in Lin, Chen and Yan, arXiv:1312.4400, with the
mean in place of the maximum); a fully connected layer over the flattened map has other weights for every place, as in LeNet and AlexNet.
"""

from __future__ import annotations

from torch import Tensor, nn

ENDS = ("pooled", "flat")


class SceneClassifier(nn.Module):
    """Logits (B, classes) of images (B, 3, side, side). `end` is "pooled" or "flat"; raises ValueError for any other.

    A place of the last map sees 35 x 35 pixels, and there is one for every 8 x 8 pixels.

    >>> [sum(p.numel() for p in SceneClassifier(end).parameters()) for end in ENDS]
    [15316, 33620]
    >>> import torch
    >>> tuple(SceneClassifier("pooled")(torch.zeros(2, 3, 96, 96)).shape)
    (2, 4)
    """

    def __init__(self, end: str, classes: int = 4, width: int = 16, side: int = 96) -> None:
        super().__init__()
        if end not in ENDS:
            raise ValueError(f"end={end!r} is unknown: {' or '.join(ENDS)}")
        self.options: dict[str, str | int] = {"end": end, "classes": classes, "width": width, "side": side}
        self.pooled, deep = end == "pooled", 2 * width
        self.features = nn.Sequential(
            *_block(3, width, 5, 2), nn.MaxPool2d(2), *_block(width, deep, 3), nn.MaxPool2d(2), *_block(deep, deep, 3)
        )
        self.head = nn.Linear(deep if self.pooled else deep * (side // 8) ** 2, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (B, 2 width, side / 8, side / 8)
        logits: Tensor = self.head(x.amax((2, 3)) if self.pooled else x.flatten(1))
        return logits


def _block(c_in: int, c_out: int, kernel: int, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)
