"""The words of the lab Autoencoder (curriculum D9)."""

from __future__ import annotations

import math
from itertools import product

from seglab.lessons.asking import choices, pick
from seglab.lessons.lab import Lab
from seglab.stage.lesson import Asked

SIDE, WIDTH = 64, 4  # of the U-Net that the page shows


def ask_bottleneck(turn: int) -> Asked:
    side, width, depth = pick(turn, (SIDE, WIDTH, 4), tuple(product((32, 64, 128), (4, 8), (1, 2, 4))))
    channels, small = width * 2**depth, side // 2**depth
    right = channels * small**2
    mistakes = small**2, channels * side**2, width * small**2, right // 2, right * 2
    told = tuple(f"{count:,}" for count in choices(right, *mistakes))
    question = (
        f"A U-Net without skips reconstructs {side} × {side} grey pixels. It begins with {width} channels and pools {depth} "
        f"time{'s' if depth > 1 else ''}, doubling them each time. How many numbers pass its bottleneck?"
    )
    share = right / side**2
    how = "more than" if share > 1 else "as many as" if share == 1 else f"{share:g} of"
    because = f"{channels} channels of {small} × {small} cells: {right:,}, {how} the image's {side**2:,} pixels."
    return Asked(question, told, f"{right:,}", because, {"part": "unet", "skips": "none", "depth": depth})


def ask_divergence(turn: int) -> Asked:
    mean, log_deviation = pick(turn, (1.0, -1), tuple(product((0.0, 0.5, 1.0, 1.5, 2.0), (-3, -2, -1, 0))))
    variance = math.exp(2 * log_deviation)

    def told(value: float) -> str:
        return f"{value:.2f}".replace("-", "−")

    right = (mean**2 + variance - 1 - 2 * log_deviation) / 2
    mistakes = (2 * right, (mean**2 + variance - 1) / 2, (mean**2 + variance - 1 - log_deviation) / 2, right + 0.5, right + 1)
    others = [text for text in dict.fromkeys(map(told, mistakes)) if text != told(right)][:3]
    options = sorted([told(right), *others], key=lambda text: float(text.replace("−", "-")))
    question = (
        f"A variational encoder gives a latent value the mean μ = {mean:g} and ln σ² = {2 * log_deviation}, so σ² = {variance:.3g}. "
        "How far is that from N(0, 1), in nats?"
    ).replace("-", "−")
    numbers = f"½ ({mean:g}² + {variance:.3g} − 1 − ({2 * log_deviation})) = {told(right)}".replace("-", "−")
    because = f"KL = ½ (μ² + σ² − 1 − ln σ²) = {numbers}. It is 0 only for μ = 0 and σ = 1."
    return Asked(question, tuple(options), told(right), because, {"part": "bottleneck", "form": "beta1", "picture": turn % 90})


def ask_area(turn: int) -> Asked:
    ill, well = pick(turn, ((9, 4), (6, 3, 2)), tuple(product(((9, 4), (8, 2), (7, 5), (9, 1), (6, 3)), ((6, 3, 2), (5, 4, 1), (8, 3, 2)))))
    pairs = [(one > other) + 0.5 * (one == other) for one in ill for other in well]
    won, count = sum(pairs), len(pairs)

    def told(value: float) -> str:
        return f"{value:g} / {count}"

    options = sorted({won, *[value for value in (won - 1, won + 1, won - 0.5, count - won) if 0 <= value <= count]})
    near = sorted(options, key=lambda value: (abs(value - won), value))[:4]
    question = (
        f"The highest errors of two images with a lesion are {ill[0]} and {ill[1]}, of three without {well[0]}, {well[1]} and {well[2]}. "
        "What is the area under the ROC curve?"
    )
    ties = sum(one == other for one in ill for other in well)
    because = (
        f"It is the share of pairs, one image of each kind, in which the lesion scores higher{', a tie counting half' if ties else ''}: "
        f"{won:g} of {count}, {won / count:.2f}."
    )
    shows = {"part": "anomalies", "over": "images"}
    return Asked(question, tuple(told(value) for value in sorted(near)), told(won), because, shows)


AUTOENCODER = Lab(
    name="autoencoder",
    title="Autoencoder",
    sentence="An image through a few numbers and back. What do those numbers know, and what does it fail to give back?",
    icon="compress",
    minutes=15,
    card="Move a picture's latent values and see it follow; find whether a U-Net is one, and lesions that nobody has labelled.",
    text=(
        "## What has to pass the narrow place\n"
        "- **Autoencoder.** An encoder makes a few numbers of an image, its code; a decoder makes the image of them again. Its only "
        "teacher is the image itself.\n"
        "- **Variational.** The encoder gives every latent value a mean μ and a log-variance ln σ², and z = μ + σ · ε is drawn, with ε "
        "from N(0, 1). Written so, gradients reach μ and σ: the reparametrisation.\n"
        "- **Loss.** Reconstruction + β · KL, where KL = ½ Σ (μ² + σ² − 1 − ln σ²) is how far the codes are from the prior N(0, 1). "
        "A larger β fills the plane more evenly and blurs the pictures.\n"
        "- **Without labels.** What is alike to the encoder lies together, which need not be what we call a class.\n"
        "## Words that confuse\n"
        "- **Bottleneck**: in an autoencoder all that is known must pass it. In a U-Net it is only the deepest way of several.\n"
        "- **Anomaly by reconstruction**: a large error says that the decoder was not able to make this, not that it is ill."
    ),
    questions=(ask_bottleneck, ask_divergence, ask_area),
)
