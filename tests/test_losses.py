"""Losses and weight maps: against PyTorch, kornia and torchmetrics, against brute force, and by hand."""

from __future__ import annotations

import kornia.losses
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.functional.segmentation import dice_score

from seglab.data.cells import cells
from seglab.data.weight_map import class_weights, numbered, weight_map
from seglab.train.config import TrainConfig
from seglab.train.losses import focal, make_loss, soft_dice, weighted

LOSSES = ("cross-entropy", "weighted", "dice", "focal", "sum")
WEIGHTS = torch.tensor([0.4, 2.5, 1.5], dtype=torch.float64)


def sample(images: int = 2, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, labels of three classes that all occur in each image, and a map."""
    random = torch.Generator().manual_seed(0)
    labels = torch.randint(3, (images, 4, 4), generator=random)
    labels[:, 0, :3] = torch.arange(3)
    logits = 2 * torch.randn(images, 3, 4, 4, generator=random, dtype=dtype)
    return logits, labels, torch.rand(images, 4, 4, generator=random, dtype=dtype) * 4


def loss_of(name: str, class_weights: Tensor | None = None, classes: int = 3):
    return make_loss(TrainConfig(loss=name), classes, class_weights)


def test_cross_entropy_is_torchs() -> None:
    logits, labels, _ = sample(dtype=torch.float32)
    assert torch.equal(loss_of("cross-entropy")(logits, labels, None), F.cross_entropy(logits, labels))


def test_class_weights_in_cross_entropy() -> None:
    """torch divides by the sum of the pixels' weights where seglab divides by their number."""
    logits, labels, _ = sample()
    found = loss_of("cross-entropy", WEIGHTS)(logits, labels, None)
    theirs = F.cross_entropy(logits, labels, weight=WEIGHTS)
    torch.testing.assert_close(found, theirs * WEIGHTS[labels].mean())
    assert abs(float(WEIGHTS[labels].mean()) - 1) > 0.1, "the two differ here"


def test_the_weighted_loss_against_torch_and_by_hand() -> None:
    logits, labels, weights = sample()
    torch.testing.assert_close(weighted(logits, labels, torch.ones_like(weights)), F.cross_entropy(logits, labels))
    whole = loss_of("weighted", WEIGHTS)(logits, labels, WEIGHTS[labels])
    torch.testing.assert_close(whole, loss_of("cross-entropy", WEIGHTS)(logits, labels, None))
    two = torch.log(torch.tensor([[[[0.25, 0.5]], [[0.75, 0.5]]]]))  # the chances of two classes at two pixels
    found = weighted(two, torch.tensor([[[0, 1]]]), torch.tensor([[[3.0, 5.0]]]))
    assert float(found) == pytest.approx((3 * np.log(4) + 5 * np.log(2)) / 2)
    with pytest.raises(ValueError, match="the weighted loss has no weight map"):
        loss_of("weighted")(logits, labels, None)


def test_dice_against_kornia() -> None:
    """kornia takes the Dice of each image and then the mean over images; of one image the two are the same."""
    logits, labels, _ = sample(images=1)
    torch.testing.assert_close(soft_dice(logits, labels, 3), kornia.losses.DiceLoss(average="macro", eps=1e-12)(logits, labels))
    without = torch.where(labels == 2, 0, labels)  # a class that does not occur is left out by both
    torch.testing.assert_close(soft_dice(logits, without, 3), kornia.losses.DiceLoss(average="macro", eps=1e-12)(logits, without))


def test_dice_sums_over_the_batch() -> None:
    """As kornia has it for one image that is the whole batch side by side."""
    logits, labels, _ = sample(images=3)
    joined, beside = torch.cat(list(logits), 2)[None], torch.cat(list(labels), 1)[None]
    torch.testing.assert_close(soft_dice(logits, labels, 3), kornia.losses.DiceLoss(average="macro", eps=1e-12)(joined, beside))


def test_dice_of_sure_predictions_is_that_of_torchmetrics() -> None:
    """torchmetrics counts masks: the same once the softmax is 0 or 1."""
    logits, labels, _ = sample(images=1)
    found = logits.argmax(1)
    sure = 1000 * F.one_hot(found, 3).movedim(-1, 1).double()
    theirs = dice_score(found, labels, num_classes=3, average="macro", input_format="index")
    assert float(1 - soft_dice(sure, labels, 3)) == pytest.approx(float(theirs), abs=1e-6)


def test_dice_by_hand() -> None:
    logits = torch.log(torch.tensor([[[[0.75, 0.5]], [[0.25, 0.5]]]]))
    found = soft_dice(logits, torch.tensor([[[0, 1]]]), 2)
    assert float(found) == pytest.approx(1 - (2 * 0.75 / (1.25 + 1) + 2 * 0.5 / (0.75 + 1)) / 2)


def test_focal_against_kornia() -> None:
    """kornia's mean goes over classes as well as pixels, so that it is smaller by their number."""
    logits, labels, _ = sample()
    theirs = kornia.losses.FocalLoss(alpha=None, gamma=2.0, reduction="mean")
    torch.testing.assert_close(focal(logits, labels), 3 * theirs(logits, labels))
    theirs = kornia.losses.FocalLoss(alpha=None, gamma=2.0, reduction="mean", weight=WEIGHTS)
    torch.testing.assert_close(loss_of("focal", WEIGHTS)(logits, labels, None), 3 * theirs(logits, labels))


def test_focal_by_hand() -> None:
    logits = torch.log(torch.tensor([[[[0.9, 0.5]], [[0.1, 0.5]]]]))
    assert float(focal(logits, torch.tensor([[[0, 1]]]))) == pytest.approx(-(0.01 * np.log(0.9) + 0.25 * np.log(0.5)) / 2)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_sum_is_cross_entropy_and_dice(weights: Tensor | None) -> None:
    logits, labels, _ = sample()
    parts = loss_of("cross-entropy", weights)(logits, labels, None) + loss_of("dice", weights)(logits, labels, None)
    torch.testing.assert_close(loss_of("sum", weights)(logits, labels, None), parts)
    torch.testing.assert_close(loss_of("dice", weights)(logits, labels, None), soft_dice(logits, labels, 3))


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name: str, weights: Tensor | None) -> None:
    logits, labels, pixels = sample()
    assert torch.autograd.gradcheck(lambda x: loss_of(name, weights)(x, labels, pixels), logits.requires_grad_())


@pytest.mark.parametrize("large", [1.0, 1e4])
@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("name", LOSSES)
def test_a_mask_of_one_class_and_classes_that_never_occur(name: str, right: bool, large: float) -> None:
    """Also where the network is so sure, rightly or wrongly, that a chance is 0 in float32."""
    labels = torch.full((2, 4, 4), 1)
    logits = torch.zeros(2, 3, 4, 4)
    logits[:, 1 if right else 0] = large
    logits.requires_grad_()
    for weights in (None, torch.tensor([2.0, 1.0, 0.0]), torch.tensor([1.0, 0.0, 0.0])):
        loss = loss_of(name, weights)(logits, labels, torch.ones(2, 4, 4))
        (gradient,) = torch.autograd.grad(loss, logits)
        assert torch.isfinite(loss)
        assert torch.isfinite(gradient).all()
        assert not (right and large > 1) or float(loss.detach()) == pytest.approx(0, abs=1e-6)


def brute_force(mask: np.ndarray, w0: float, sigma: float) -> np.ndarray:
    """The map with objects filled one pixel after another and every distance worked out."""
    left, objects = set(zip(*np.nonzero(mask))), []
    while left:
        grown, ahead = [], [left.pop()]
        while ahead:
            row, column = ahead.pop()
            grown.append((row, column))
            for beside in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if beside in left and mask[beside] == mask[row, column]:
                    left.remove(beside)
                    ahead.append(beside)
        objects.append(np.array(grown))
    weights = np.ones(mask.shape)
    for place in np.argwhere(mask == 0) if len(objects) > 1 else ():
        first, second = sorted(float(np.hypot(*(grown - place).T).min()) for grown in objects)[:2]
        weights[tuple(place)] += w0 * np.exp(-((first + second) ** 2) / (2 * sigma**2))
    return weights


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6])
def test_the_map_against_brute_force(share: float) -> None:
    rng, many = np.random.default_rng(0), set()
    for _ in range(25):
        mask = (rng.random((13, 17)) < share) * rng.integers(1, 4, (13, 17))
        many.add(numbered(mask)[1])
        np.testing.assert_allclose(weight_map(mask, 7.0, 3.0), brute_force(mask, 7.0, 3.0), rtol=1e-6)
    assert len(many) > 3, "numbers of objects that need different numbers of digits"


def test_the_map_in_a_gap_between_two_discs() -> None:
    """Discs of radius 8 with 5 dark pixels between them: 1 + 10 exp(-(1 + 5)² / 50) = 5.868 all along the gap's axis, as 2 + 4 and 3 + 3."""
    row, column = np.mgrid[:40, :60]
    mask = ((np.hypot(row - 20, column - 19) <= 8) | (np.hypot(row - 20, column - 41) <= 8)).astype(np.uint8)
    assert mask[20, 27:34].tolist() == [1, 0, 0, 0, 0, 0, 1]
    weights = weight_map(mask)
    np.testing.assert_allclose(weights[20, 28:33], 1 + 10 * np.exp(-36 / 50), rtol=1e-6)
    assert weights[20, 30] == pytest.approx(5.868, abs=1e-3)
    assert weights[mask == 1].tolist() == [1] * int(mask.sum())
    assert weights.max() == weights[20, 30], "where the gap is narrowest"
    np.testing.assert_allclose(weight_map(mask, 20.0)[20, 30] - 1, 2 * (weights[20, 30] - 1), rtol=1e-6)
    np.testing.assert_allclose(weight_map(mask, 10.0, 10.0)[20, 30], 1 + 10 * np.exp(-36 / 200), rtol=1e-6)


def test_fewer_than_two_objects_leave_the_class_weights() -> None:
    disc = np.zeros((20, 20), np.uint8)
    assert (weight_map(disc) == 1).all()
    disc[5:9, 5:9] = 1
    assert (weight_map(disc) == 1).all()
    np.testing.assert_array_equal(weight_map(disc, classes=[0.5, 3.0]), np.where(disc, np.float32(3), np.float32(0.5)))
    disc[12:14, 3:5] = 2
    np.testing.assert_allclose(weight_map(disc, classes=[0.5, 3.0, 7.0]) - weight_map(disc), np.array([-0.5, 2, 6])[disc], atol=1e-5)


def test_touching_cells_are_objects_of_their_own() -> None:
    """By common sides the cells of a scene are found one by one (a few have lost a corner); by corners a third would run together."""
    found = real = 0
    for seed in range(30):
        scene = cells(seed)
        found, real = found + numbered(scene.mask)[1], real + int(scene.instances.max())
        assert numbered(scene.mask)[1] >= scene.instances.max()
    assert found <= 1.02 * real


def test_class_weights_are_one_on_average_and_share_the_say() -> None:
    counts = np.array([700, 0, 200, 100])
    weights = class_weights(counts)
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1)
    assert weights[1] == 0
    np.testing.assert_allclose((weights * counts)[counts > 0], 1000 / 3)
    assert class_weights([0, 0]).tolist() == [0, 0]
