"""The anatomy of a step: its numbers by hand, and that looking on changes no bit of the training."""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.data.domains import DOMAINS
from seglab.data.sets import open_set
from seglab.nets.unet import UNet
from seglab.train.anatomy import Anatomy
from seglab.train.batches import make_batch
from seglab.train.config import TrainConfig
from seglab.ui.anatomy import in_words, step_picture

Make = Callable[[nn.Module], torch.optim.Optimizer]
OPTIMISERS: dict[str, Make] = {
    "adamw": lambda model: torch.optim.AdamW(model.parameters(), lr=0.004, weight_decay=0.01, fused=True),
    "adamw, not fused": lambda model: torch.optim.AdamW(model.parameters(), lr=0.004, weight_decay=0.01),
    "sgd": lambda model: torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01),
    "sgd without momentum": lambda model: torch.optim.SGD(model.parameters(), lr=0.05, weight_decay=0.01),
}


class Small:
    """A small training, step by step, with or without somebody who looks on."""

    def __init__(self, make: Make, data: str = "cells", depth: int = 2) -> None:
        torch.manual_seed(0)
        self.data = open_set(data, images=8, size=32)
        self.model = UNet(self.data.channels, len(self.data.classes), depth, 4).to(memory_format=torch.channels_last)
        self.optimiser = make(self.model)
        self.config = TrainConfig(data=data, optimiser="sgd" if isinstance(self.optimiser, torch.optim.SGD) else "adamw")
        self.number = 0

    def batch(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        made = make_batch(self.data, replace(self.config, batch=4), number, {})
        return made.images, made.labels

    def step(self, look: bool, half: bool = False) -> dict | None:
        images, labels = self.batch(self.number)
        x, y = torch.from_numpy(images).to(memory_format=torch.channels_last), torch.from_numpy(labels)

        def loss_of() -> tuple[Tensor, Tensor]:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = self.model(x)
            return logits, F.cross_entropy(logits.float(), y)

        self.model.train()
        logits, loss = loss_of()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        seen = Anatomy(self.model, self.optimiser, x, y, logits, float(loss.detach())) if look else None
        self.optimiser.step()
        self.number += 1
        return seen.after(self.number, self.config, self.data.classes, self.data.colours, lambda: loss_of()[1]) if seen else None

    def tensors(self) -> dict[str, Tensor]:
        """Everything that the next step depends on."""
        found = dict(self.model.state_dict())
        for index, state in self.optimiser.state_dict()["state"].items():
            found |= {f"{index}.{name}": torch.as_tensor(value) for name, value in state.items() if value is not None}
        return found


@pytest.mark.parametrize("half", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_looking_on_changes_no_bit(name: str, half: bool) -> None:
    """Weights, running statistics and the optimiser's memory, with an anatomy at every step and without one, from the first step on."""
    watched, alone = Small(OPTIMISERS[name]), Small(OPTIMISERS[name])
    for _ in range(3):
        watched.step(look=True, half=half)
        alone.step(look=False, half=half)
        mine, others = watched.tensors(), alone.tensors()
        assert list(mine) == list(others)
        assert [key for key, value in mine.items() if not torch.equal(value, others[key])] == []
        assert watched.optimiser.state_dict()["state"].keys() == alone.optimiser.state_dict()["state"].keys()
    assert any("running_mean" in key for key in mine)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_rule_explains_the_weight(name: str) -> None:
    """The new weight from the numbers shown, by hand, at the first and at a later step."""
    training = Small(OPTIMISERS[name])
    for number in (1, 2, 3):
        before = {key: value.clone() for key, value in training.model.state_dict().items()}
        seen = training.step(look=True)
        assert seen is not None
        weight, rate, decay = seen["weight"], seen["learning_rate"], seen["weight"]["decay"]
        assert seen["step"] == number
        if "adamw" in name:
            assert weight["rule"].startswith("AdamW")
            change = rate * (weight["m"] / (math.sqrt(weight["v"]) + weight["eps"]) + decay * weight["before"])
        else:
            assert weight["rule"].startswith("SGD")
            kept = weight["momentum"] * weight["b_before"]
            assert weight["b"] == pytest.approx(kept + weight["gradient"] + decay * weight["before"], abs=1e-7)
            assert (weight["b_before"] != 0) == (name == "sgd" and number > 1)
            change = rate * weight["b"]
        assert weight["after"] == pytest.approx(weight["before"] - change, abs=1e-7)
        assert abs(weight["after"] - weight["before"]) > 1e-5
        parameter, _, place = weight["name"].partition("[")
        index = tuple(int(i) for i in place.rstrip("]").split(","))
        grad = training.model.get_parameter(parameter).grad
        assert parameter == "encoder.0.0.weight"
        assert weight["gradient"] == float(grad[index])
        assert abs(weight["gradient"]) == float(grad.abs().max())
        assert weight["before"] == float(before[parameter][index])
        assert weight["after"] == float(training.model.state_dict()[parameter][index])


def test_bias_correction_by_hand() -> None:
    """At the first step m is the gradient itself and v its square."""
    weight = Small(OPTIMISERS["adamw"]).step(look=True)["weight"]
    assert weight["m"] == pytest.approx(weight["gradient"], rel=1e-5)
    assert weight["v"] == pytest.approx(weight["gradient"] ** 2, rel=1e-4)


def test_layers_by_hand() -> None:
    training = Small(OPTIMISERS["adamw"])
    training.step(look=False)
    before = {name: p.detach().clone() for name, p in training.model.named_parameters()}
    layers = training.step(look=True)["layers"]
    assert [layer["name"] for layer in layers] == ["encoder 1", "encoder 2", "bottleneck", "decoder 2", "decoder 1", "head"]
    now = dict(training.model.named_parameters())
    assert sum(layer["parameters"] for layer in layers) == sum(p.numel() for p in now.values())
    named = {"encoder 2": ("encoder.1.",), "decoder 2": ("up.0.", "decoder.0."), "decoder 1": ("up.1.", "decoder.1."), "head": ("head.",)}
    for layer in layers:
        for prefixes in filter(None, [named.get(layer["name"])]):
            names = [name for name in now if name.startswith(prefixes)]
            for key, tensors in {
                "gradient": [now[name].grad for name in names],
                "update": [now[name].detach() - before[name] for name in names],
                "weight": [before[name] for name in names],
            }.items():
                expected = float(torch.linalg.vector_norm(torch.cat([tensor.flatten() for tensor in tensors])))
                assert layer[key] == pytest.approx(expected, rel=1e-5)


def test_there_are_never_more_than_twelve_layers() -> None:
    assert len(Small(OPTIMISERS["adamw"], depth=5).step(look=True)["layers"]) == 12


def test_the_loss_after_is_that_of_the_same_batch() -> None:
    """Worked out by a network of the same weights that may be changed; with a small step it is lower."""
    training = Small(OPTIMISERS["sgd"])
    seen = training.step(look=True)
    images, labels = training.batch(0)
    training.model.train()
    loss = F.cross_entropy(training.model(torch.from_numpy(images)), torch.from_numpy(labels))
    assert seen["loss_after"] == pytest.approx(float(loss.detach()), rel=1e-5)
    assert seen["loss_after"] < seen["loss"]


def pixels(address: str) -> np.ndarray:
    kind, data = address.split(",", 1)
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(b64decode(data))))


@pytest.mark.parametrize("name", ["cells", "shapes"])
def test_the_query_is_the_first_image_and_its_worst_pixel(name: str) -> None:
    training = Small(OPTIMISERS["adamw"], name)
    images, labels = training.batch(0)
    with torch.no_grad():
        chances = torch.softmax(training.model(torch.from_numpy(images)), 1)[0].numpy()
    training = Small(OPTIMISERS["adamw"], name)
    seen = json.loads(json.dumps(training.step(look=True), allow_nan=False))
    truth = labels[0]
    two = name == "cells"
    shown = pixels(seen["query"]["truth"])
    colours = ((0, 0, 0), (255, 255, 255)) if two else DOMAINS[name].colours
    np.testing.assert_array_equal(shown, np.array(colours, np.uint8)[truth])
    assert pixels(seen["query"]["image"]).shape == ((32, 32) if two else (32, 32, 3))
    if two:
        np.testing.assert_allclose(pixels(seen["query"]["probability"]) / 255, chances[1], atol=0.004)
        assert seen["query"]["says"] == "probability of cell"
    else:
        np.testing.assert_array_equal(pixels(seen["query"]["probability"]), np.array(colours, np.uint8)[chances.argmax(0)])
    right = np.take_along_axis(chances, truth[None], 0)[0]
    pixel = seen["pixel"]
    assert (pixel["row"], pixel["column"]) == np.unravel_index(right.argmin(), right.shape)
    assert pixel["truth"] == DOMAINS[name].classes[truth[pixel["row"], pixel["column"]]]
    assert pixel["probability"] == pytest.approx(right.min(), rel=1e-4)
    assert pixel["loss"] == pytest.approx(-math.log(pixel["probability"]), abs=1e-12)
    assert (seen["batch"], seen["size"], seen["loss_name"]) == (4, [32, 32], "cross-entropy")


def test_a_border_that_the_logits_do_not_reach_is_left_out() -> None:
    """As without padding: the truth's middle is what is compared."""
    training = Small(OPTIMISERS["adamw"])
    images, labels = training.batch(0)
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    logits = training.model(x)[:, :, 4:-4, 6:-6]
    inner = y[:, 4:-4, 6:-6]
    loss = F.cross_entropy(logits, inner)
    loss.backward()
    seen = Anatomy(training.model, training.optimiser, x, y, logits, float(loss.detach()))
    training.optimiser.step()
    told = seen.after(1, training.config, training.data.classes, training.data.colours, lambda: loss)
    np.testing.assert_array_equal(pixels(told["query"]["truth"]) > 0, np.stack([inner[0].numpy()] * 3, -1) > 0)
    worst = F.cross_entropy(logits[:1], inner[:1], reduction="none").max()
    assert told["pixel"]["loss"] == pytest.approx(float(worst.detach()), rel=1e-5)
    assert told["size"] == [24, 20]


def test_what_cannot_be_explained_is_refused() -> None:
    training = Small(lambda model: torch.optim.RMSprop(model.parameters()))
    with pytest.raises(ValueError, match="the step of RMSprop is not explained here: AdamW or SGD"):
        training.step(look=True)
    training = Small(OPTIMISERS["adamw"])
    x = torch.zeros(1, 1, 32, 32)
    with pytest.raises(ValueError, match=r"encoder.0.0.weight has no gradient: call backward first"):
        Anatomy(training.model, training.optimiser, x, x[0].long(), training.model(x), 0.0)


# -- on the page ---------------------------------------------------------------------------------------------------------

SHOWN = {
    "step": 12,
    "query": {"image": "data:image/png;base64,AA==", "probability": "data:,b", "truth": "data:,c", "says": "probability of a < b"},
    "batch": 16,
    "size": [96, 96],
    "loss_name": "cross-entropy",
    "class_weights": False,
    "loss": 0.41236,
    "loss_after": 0.39871,
    "pixel": {"row": 23, "column": 71, "truth": "a < b", "probability": 0.31, "loss": -math.log(0.31)},
    "layers": [
        {"name": "encoder 1", "parameters": 2448, "gradient": 0.01, "update": 0.0012, "weight": 3.1},
        {"name": "bottleneck", "parameters": 5000, "gradient": 0.0, "update": 0.0, "weight": 1.0},
        {"name": "head", "parameters": 34, "gradient": 0.5, "update": 0.002, "weight": 0.7},
    ],
    "weight": {
        "name": "encoder.0.0.weight[3,0,1,1]",
        "before": 0.13124,
        "gradient": -0.0021,
        "after": 0.13523,
        "rule": "AdamW: w − lr (m / (√v + ε) + λ w)",
        "m": -0.0018,
        "v": 3.25e-6,
        "eps": 1e-8,
        "decay": 0.001,
    },
    "learning_rate": 0.004,
    "optimiser": "adamw",
}  # fmt: skip


def words(html: str) -> str:
    return " ".join(re.sub("<.*?>", " ", re.sub("<style>.*?</style>", "", html, flags=re.DOTALL)).split())


def test_the_picture_has_the_numbers_of_the_step() -> None:
    made = step_picture(SHOWN, "#123456")
    said = words(made)
    for number in ("0.412", "−ln 0.31 = 1.17", "16 × 96 × 96 pixels", "7,482 weights", "encoder 1 0.01", "head 0.5", "0.412 → 0.399"):
        assert number in said
    assert "0.1312 − 0.004 (−0.0018 / (√(3.25 · 10⁻⁶) + 10⁻⁸) + 0.001 · 0.1312) ≈ 0.1352" in said
    assert 'title="0.13523"' in made
    assert made.count("left: 74.48%; top: 24.48%") == 3, "the pixel is marked in the middle of its square"
    assert [float(width) for width in re.findall(r'<div style="width: ([\d.]+)%', made)] == [33.3, 0, 90], "logs from 10⁻³ to 10⁰"
    assert "color: #123456" in made


def test_the_picture_is_told_in_words_and_takes_no_markup_from_names() -> None:
    made = step_picture(SHOWN, "#000000")
    images = re.findall("<img [^>]*>", made)
    assert len(images) == 4
    assert all(re.search('alt="[^"]+"', image) for image in images)
    assert "a < b" not in made
    assert made.count("a &lt; b") >= 3
    for part in (
        "row 23, column 71 is a < b",
        "0.31",
        "1.17",
        "0.412",
        "encoder 1 0.01, bottleneck 0, head 0.5",
        "0.1312 to 0.1352",
        "0.399",
    ):
        assert part in in_words(SHOWN)


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        ("cross-entropy", "over 16 × 96 × 96 pixels, each weighed by its class."),
        ("weighted", "each weighed by the map and by its class."),
        ("dice", "no pixel has a share of its own."),
        ("focal", "each weighed by a power of 1 − p and by its class: what is known counts less."),
        ("sum", "each weighed by its class, plus Dice, which compares whole masks."),
    ],
)
def test_every_loss_has_its_sentence(loss: str, sentence: str) -> None:
    assert sentence in words(step_picture({**SHOWN, "loss_name": loss, "class_weights": True}, "#000000"))


def test_numbers_that_do_not_recompute_are_about_equal() -> None:
    """0.99966 is 0.99966 and not 1: -ln 1 would be 0."""
    pixel = {**SHOWN["pixel"], "probability": 0.99966, "loss": -math.log(0.99966)}
    assert "−ln 1 ≈ 0.00034" in words(step_picture({**SHOWN, "pixel": pixel}, "#000000"))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_what_the_training_says_can_be_drawn(name: str) -> None:
    training = Small(OPTIMISERS[name])
    training.step(look=True)
    seen = training.step(look=True)
    said = words(step_picture(json.loads(json.dumps(seen)), "#000000"))
    assert seen["weight"]["rule"] in said
    assert ("b before" in said) == ("sgd" in name)
    assert re.search(r"≈ −?0\.\d+ Loss of the same batch", said)
