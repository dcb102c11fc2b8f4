"""A trained network as one Python file that needs no seglab: the network's own source, and how an image goes through it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

BEGIN = '''"""A network trained with seglab, by itself: python model.py weights.safetensors image.png mask.png

It needs torch, numpy, pillow and safetensors. The mask holds white on black where there are two classes, else the numbers of CLASSES.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
'''

END = '''def read(path: str, channels: int) -> np.ndarray:
    """An image file as (C, H, W) with mean 0 and standard deviation 1; what is transparent is white."""
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode in ("RGBA", "LA", "P", "PA"):
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (255, 255, 255, 255)), picture)
    if picture.mode == "F" or picture.mode.startswith("I"):  # more than 8 bits, grey
        values = np.repeat(np.asarray(picture, np.float32)[..., None], channels, axis=2)
    else:
        values = np.atleast_3d(np.asarray(picture.convert("L" if channels == 1 else "RGB"), np.float32)) / 255
    return np.moveaxis((values - values.mean()) / max(float(values.std()), 1e-6), 2, 0)


def segment(net: Network, image: np.ndarray) -> np.ndarray:
    """The class of every pixel (H, W) of an image (C, H, W), which is mirrored beyond its edges."""
    height, width = image.shape[1:]
    around, lost = margin(net), border(net)
    more = [at_least(n + 2 * around, net) - n - around for n in (height, width)]
    given = np.pad(image, [(0, 0), (around, more[0]), (around, more[1])], mode="symmetric")
    with torch.inference_mode():
        chances = torch.softmax(net(torch.from_numpy(given)[None]), dim=1)[0].numpy()
    begin = around - lost
    return chances[:, begin : begin + height, begin : begin + width].argmax(0).astype(np.uint8)


def main(weights: str, image: str, mask: str) -> None:
    net = {made}(**OPTIONS)
    net.load_state_dict({name[6:]: tensor for name, tensor in load_file(weights).items() if name.startswith("model.")})
    found = segment(net.eval(), read(image, net.channels))
    Image.fromarray(found * np.uint8(255) if len(CLASSES) == 2 else found).save(mask)
    for number, name in enumerate(CLASSES):
        print(f"{(found == number).mean():.1%} {name}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
'''


def standalone(options: Mapping[str, int | str], classes: Sequence[str]) -> str:
    """A Python script that rebuilds the network of `Network.options` and segments an image file with weights that `write_checkpoint` wrote.

    It sees the image in one piece and at its own size. Raises ValueError for names that are not one for each class.

    >>> script = standalone({"in_channels": 1, "classes": 2, "depth": 2, "width": 8}, ["background", "cell"])
    >>> "import seglab" in script, "class UNet" in script, "CLASSES = ('background', 'cell')" in script
    (False, True, True)
    """
    if len(classes) != options["classes"]:
        raise ValueError(f"{len(classes)} names for {options['classes']} classes: one each is needed")
    said = f"OPTIONS = {dict(options)!r}\nCLASSES = {tuple(classes)!r}\n"
    kind = str(options.get("kind", "unet"))
    file, made = {"unet": ("unet.py", "UNet"), "segnet": ("segnet.py", "SegNet")}.get(kind, ("fcn.py", "FCN"))
    sources = [_below_imports(name) for name in ("choices.py", "architecture.py", "fitting.py", "blocks.py", file)]
    return "\n\n".join([BEGIN + "\n" + said, *sources, END.replace("{made}", made)])


def _below_imports(name: str) -> str:
    """The source of a file of this package after its last import."""
    source = (Path(__file__).parent / name).read_text(encoding="utf-8")
    last = max(node.end_lineno or 0 for node in ast.parse(source).body if isinstance(node, (ast.Import, ast.ImportFrom)))
    return "\n".join(source.splitlines()[last:]).strip() + "\n"
