"""The lecture decks that seglab goes along with: which of their parts is shown where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of a deck in our words, and the places (see `places.py`) that show it; none where the app does not show it yet."""

    topic: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deck:
    """A lecture deck: the letter that we call it by, its title, who gives it, and its parts in order."""

    letter: str
    title: str
    by: str
    parts: tuple[Part, ...]


DECKS: tuple[Deck, ...] = (
    Deck(
        "N",
        "Computer Vision, day 3 (part 1): summary",
        "Course notes, contributed by Hassan Mohammed Nasr",
        (
            Part("Goal and kinds of segmentation: semantic, instance, panoptic", ("tasks",)),
            Part("Why an ordinary network shrinks the image", ("convolution: Stride", "pooling")),
            Part("Encoder and decoder", ("unet_by_hand", "builder")),
            Part("Nearest neighbour, bed of nails, max unpooling", ("pooling: Copy or nail", "pooling: Max unpooling")),
            Part("Transposed convolution: many to one against one to many", ("convolution", "transposed_convolution: Stamp")),
            Part("The mechanism: scaled stamps that add up", ("transposed_convolution: Overlaps add",)),
            Part("U-Net and its skip connections", ("unet_by_hand: The skip connection", "builder", "train")),
            Part("Data augmentation", ("train", "compare")),
        ),
    ),
    Deck(
        "K",
        "Computer Vision: image segmentation",
        "Naeemullah Khan, KAUST Academy, January 2026",
        (
            Part("Classification, segmentation and other tasks", ("tasks",)),
            Part("Context, and the sliding window", ("sliding_window",)),
            Part("Fully convolutional, without and with downsampling", ("sliding_window", "builder")),
            Part("Nearest neighbour and bed of nails", ("pooling: Copy or nail",)),
            Part("Max unpooling", ("pooling: The switches", "pooling: Max unpooling")),
            Part("3 × 3 convolution, stride 2, padding 1: learnable downsampling", ("convolution: Stride",)),
            Part("3 × 3 transposed convolution, stride 2, padding 1", ("transposed_convolution: Padding crops",)),
            Part(
                "The 2 × 2 example, stamp by stamp",
                ("transposed_convolution: Stamp", "transposed_convolution: Overlaps add"),
            ),
            Part("The formula of the output's cells", ("transposed_convolution: Stride",)),
            Part(
                "The formula of the output's size; output padding",
                ("output_size: The way back is not unique", "output_size: From 7 to 14", "transposed_convolution: Output padding"),
            ),
            Part("The example on a line", ("transposed_convolution: On a line",)),
            Part("Skip connections by addition and concatenation; U-Net", ("unet_by_hand: The skip connection", "builder", "compare")),
            Part("A pretrained encoder", ("pretrained",)),
            Part("Instance and panoptic segmentation", ("instances",)),
        ),
    ),
    Deck(
        "D",
        "Computer Vision, week 7: from classification to segmentation, FCN, U-Net",
        "Mobile Systems Engineering, Dankook University, 2025-2",
        (
            Part("Vision tasks; semantic and instance segmentation; the label matrix", ("tasks",)),
            Part("What early, middle and deep layers learn", ("inside", "convolution: It looks for something")),
            Part(
                "Equivariance and invariance; weight sharing",
                ("translation: Drag the image", "translation: The place is gone", "convolution: One kernel for every place"),
            ),
            Part("Why detection and segmentation must move along", ("tasks", "translation")),
            Part("Encoder-decoder and skip connections", ("unet_by_hand", "unet_by_hand: Without the skip", "builder")),
            Part("Convolutionalization: dense layers become convolutions", ("sliding_window",)),
            Part("Coarse outputs: how far downsampling goes", ("fcn", "output_size: Stride skips places")),
            Part("Bilinear interpolation and unpooling", ("pooling: Bilinear", "pooling: Max unpooling")),
            Part(
                "Deconvolution, that is transposed convolution", ("transposed_convolution", "transposed_convolution: Not a deconvolution")
            ),
            Part("Bilinear starting weights", ("fcn", "transposed_convolution: A bilinear start")),
            Part("FCN-32s, 16s, 8s", ("fcn", "builder")),
            Part("U-Net: contracting path, bottleneck, expansive path, output layer", ("builder", "train")),
            Part("Overlap-tile strategy and mirroring", ("use", "convolution: Other paddings")),
            Part("Weighted loss", ("train", "compare")),
        ),
    ),
    Deck(
        "F",
        "Computer Vision: image segmentation, U-Net part I",
        "Muhammad Tahir, FAST-NUCES Peshawar",
        (
            Part("Masks of satellite and X-ray images", ("train",)),
            Part("A 5 × 5 image as numbers; sliding the filter; bias", ("unet_by_hand: Convolution", "convolution: Bias and activation")),
            Part("ReLU", ("unet_by_hand: ReLU", "convolution: Bias and activation")),
            Part(
                "Padded max pooling, 5 to 3",
                ("unet_by_hand: Down: max pooling", "output_size: Pooling may round up", "pooling: Padding never wins"),
            ),
            Part("Nearest neighbour upsampling", ("unet_by_hand: Up: nearest neighbour", "pooling: Copy or nail")),
            Part(
                "Copy, concatenate, 1 × 1 convolution, sigmoid, threshold",
                ("unet_by_hand: The skip connection", "unet_by_hand: 1 × 1 convolution", "use"),
            ),
            Part("The same with a transposed convolution", ("unet_by_hand: Upsampling with weights", "transposed_convolution: Stride")),
        ),
    ),
    Deck(
        "P",
        "Computer vision and contemporary AI: what and how",
        "Seminar in two parts, with notebooks",
        (
            Part("What is special about image data; conventional approaches", ("handcrafted", "convolution: On a photograph")),
            Part("Unsupervised segmentation and anomalies", ("autoencoder",)),
            Part("Units, layers, activation functions", ("convolution: Bias and activation", "channels: ReLU keeps them apart")),
            Part("How a network is trained", ("unet_by_hand: Train it", "train")),
            Part("Tensors and their layout", ("channels: In memory",)),
            Part("Convolution and its differences from the mathematical one", ("convolution: It does not flip",)),
            Part("Many channels; 1 × 1 convolution; number of parameters", ("channels", "channels: Count the parameters")),
            Part("Effective receptive field", ("receptive_field", "stack: Two layers see 5 × 5")),
            Part("Kernel size, stride, padding, dilation", ("convolution: Padding keeps the size", "convolution: Dilation")),
            Part("Pooling, and how gradients pass through it", ("pooling", "pooling: Backward: the winner takes it")),
            Part("Covariance with translation", ("translation: Drag the image", "translation: Untie the weights")),
            Part("Milestones: AlexNet, VGG, Inception, ResNet", ("milestones",)),
            Part("Fully convolutional architectures and U-Net", ("sliding_window", "unet_by_hand", "builder", "train")),
            Part("Stride and fractional convolution", ("transposed_convolution: Zeros inserted",)),
            Part("Transposed convolution", ("transposed_convolution", "transposed_convolution: Not a deconvolution")),
            Part("Overfitting and explainability", ("compare", "inside", "use")),
        ),
    ),
)
