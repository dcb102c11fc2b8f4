"""The words of the field that the app uses: what each means, what else it is called, and what the lecture decks say for it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A term, one sentence on what it means, its other names, what the decks (see `decks.py`) call it, and where it is explained."""

    term: str
    meaning: str
    also: tuple[str, ...] = ()
    decks: str = ""
    place: str = ""

    @property
    def key(self) -> str:
        """The term as it stands in a link."""
        return re.sub(r"[^a-z0-9]+", "-", self.term.lower()).strip("-")


WORDS: tuple[Word, ...] = (
    Word("Ablation", "The same network with one thing changed or left out, to see what that thing does.", (), "", "compare"),
    Word("Activation function", "Bends every value on its own after the sum, so that layers in a row do not collapse into one.",
         ("nonlinearity",), "", "convolution: Bias and activation"),
    Word("Autoencoder", "Gives its input back, through a bottleneck that is too small for all of it.", (), "", "autoencoder"),
    Word("Average pooling", "Replaces every window by its mean.", ("mean pooling",), "", "pooling: Average and minimum"),
    Word("Average precision", "The precision over falling thresholds, weighted by how much recall each step gains.",
         ("AP",), "", "use"),
    Word("Batch normalisation", "Shifts and scales each channel to mean 0 and deviation 1; while it trains over the batch, later by"
         " remembered values.", ("batch norm", "BatchNorm"), "", "channels: Batch normalisation"),
    Word("Bed of nails", "Upsampling that puts each value in one corner of its cell and zeros in the rest.", (), "",
         "pooling: Copy or nail"),
    Word("Bias", "A learned number that is added to every cell of an output channel.", (), "", "convolution: Bias and activation"),
    Word("Bilinear interpolation", "Upsampling in which each new cell is a weighted mean of its four nearest ones; nothing is learned.",
         ("bilinear upsampling",), "D counts it among the fixed methods.", "transposed_convolution: A bilinear start"),
    Word("Border class", "A class of its own for the rims of objects, so that interiors do not touch.", (), "", "instances"),
    Word("Bottleneck", "The deepest part of an encoder-decoder: fewest cells, most channels.", (), "", "unet_by_hand"),
    Word("Certainty", "The probability of the class that was chosen; high certainty is not being right.", ("confidence",), "", "use"),
    Word("Channel", "One of the layers of numbers that an image or feature map is made of, such as red, or what one kernel answered.",
         (), "", "channels: One kernel plane for each channel"),
    Word("Checkerboard", "A pattern in the output of a transposed convolution whose stamps overlap unevenly.", ("checkerboard artefact",),
         "", "transposed_convolution: Overlap and checkerboard"),
    Word("Circular padding", "Beyond a map's edge stands its other side.", ("periodic padding",), "", "inside"),
    Word("Coarse scores", "Scores of every class on the deepest map, one for every 32 × 32 pixels in FCN-32s.",
         ("coarse output",), "", "fcn"),
    Word("Concatenation", "Puts the channels of two feature maps behind each other; nothing is added up.", (),
         "K and N call it one kind of residual.", "unet_by_hand: The skip connection"),
    Word("Confidence interval", "Where the mean over very many seeds would lie, with 95 % confidence.", (), "", "compare"),
    Word("Connected component", "Pixels of a mask that touch by their sides, and so count as one object.", (), "", "instances"),
    Word("Convolution", "Slides a kernel over the input; each output cell is one sum of products. Networks do not flip the kernel.",
         ("cross-correlation",), "P explains how it differs from the mathematical convolution.", "convolution"),
    Word("Convolutionalization", "Writing a fully connected layer as a convolution whose kernel is as large as the map that it reads.",
         ("convolutionalisation",), "", "sliding_window"),
    Word("Crop", "Cuts cells off the border so that two feature maps fit.", (),
         "D and F draw it as “copy and crop”.", "unet_by_hand: Crop"),
    Word("Cross-entropy", "The loss that grows the less probability a network gives to the true class of a pixel.", ("BCE", "log loss"),
         "", "train"),
    Word("Decoder", "The half of a network that takes small feature maps back to the size of the image.", ("expansive path",),
         "D calls it the expansive path.", "unet_by_hand"),
    Word("Deconvolution", "In signal processing, what undoes a convolution. For the layer of that name it is a wrong word: see transposed"
         " convolution.", (), "D uses it for the transposed convolution; P warns of it.", "transposed_convolution: Not a deconvolution"),
    Word("Dilation", "The distance between two weights of a kernel on the input; 1 means without gaps.", ("atrous convolution",), "",
         "convolution: Dilation"),
    Word("Distance map", "How far each pixel of a mask lies from its outside.", ("distance transform",), "", "handcrafted"),
    Word("Downsampling", "Makes a feature map smaller, by pooling or by a stride.", (), "K: a convolution with stride is learnable"
         " downsampling.", "convolution: Stride"),
    Word("Effective receptive field", "What an output really looks at, measured by its gradient; smaller than what it could see.",
         (), "P means the theoretical one.", "receptive_field"),
    Word("Encoder", "The half of a network that makes feature maps smaller and deeper.", ("contracting path", "backbone"),
         "D calls it the contracting path; for K a pretrained one is a backbone.", "unet_by_hand"),
    Word("Equivariance", "Move the input and the output moves along: f(Tx) = T f(x).", (), "P calls it covariance.",
         "translation: Drag the image"),
    Word("Feature map", "What one kernel answers, at every place of the image.", ("activation map",), "", "convolution"),
    Word("Folded normalisation", "A trained batch normalisation taken into the kernel and bias before it.", (), "", "inside"),
    Word("Fully connected layer", "Every output reads every input, each with a weight of its own.", ("dense layer", "FC layer"), "",
         "channels: 1 × 1: a dense layer for each pixel"),
    Word("Fully convolutional network", "A network of layers that slide only, so that it takes an image of any size.", ("FCN",),
         "D turns a classifier into one and calls that convolutionalization.", "sliding_window"),
    Word("Fused scores", "The scores of a finer map with the enlarged coarser ones added.", (), "", "fcn"),
    Word("Global pooling", "One number for each channel, from its whole map.",
         ("global average pooling",), "", "translation: The place is gone"),
    Word("Ground truth", "The mask that is right, drawn by a person.", ("label", "annotation"), "", "train"),
    Word("Inception module", "Branches with kernels of several sizes on one map, their channels put side by side.", (), "", "milestones"),
    Word("Instance segmentation", "Every pixel gets a class and the number of the object it belongs to.", (), "", "instances"),
    Word("Intersection over union", "The pixels that mask and prediction share, divided by those that either has.",
         ("IoU", "Jaccard index", "mean IU"), "D writes mean IU.", "train"),
    Word("Invariance", "Move the input and the output stays as it is.", (), "D calls a whole classifier translation invariant; its"
         " flattened layer is not.", "translation: The place is gone"),
    Word("Jump", "How far apart in the image the fields of two neighbours lie: the product of all strides.",
         ("output stride",), "", "receptive_field"),
    Word("Kernel", "The small grid of weights that slides over the input.", ("filter", "mask of a convolution"),
         "F says filter, P says mask.", "convolution: Many cells become one"),
    Word("Label matrix", "The class of every pixel as a number, or for instances its class and its object.", (), "", "tasks"),
    Word("Localisation", "One class and one box.", ("classification + localization",), "", "tasks"),
    Word("Logits", "The scores before softmax or sigmoid turns them into probabilities.", ("scores",),
         "D calls the scores of its output layer probabilities.", "train"),
    Word("Marker", "What a flood starts from, one for each object.", ("seed point",), "", "handcrafted"),
    Word("Mask", "An image that holds a class for each pixel.", ("label map", "segmentation map"), "P also says mask for a kernel.",
         "train"),
    Word("Max pooling", "Keeps the largest value of every window.", (), "", "pooling: The largest wins"),
    Word("Max unpooling", "Puts every value back where the maximum was before pooling, and zeros elsewhere.", (),
         "D counts it as unpooling by stored indices.", "pooling: Max unpooling"),
    Word("Mirroring", "Continues an image beyond its border with its own pixels, backwards.", (), "D draws it around a tile.", "use"),
    Word("Multiply-add", "One multiplication and one addition; some tables count it as two operations.", ("MAC",), "", "builder"),
    Word("Nearest neighbour upsampling", "Repeats every value to fill the larger grid.", ("nearest neighbour", "nearest neighbor"), "",
         "pooling: Copy or nail"),
    Word("Object detection", "A class and a box for every object, however many there are.", (), "", "tasks"),
    Word("Occlusion", "Hiding a part of a picture to see what an answer hangs on.", (), "", "inside"),
    Word("Otsu's threshold", "The cut through a histogram that leaves the most variance between its two halves.",
         ("Otsu’s threshold",), "", "handcrafted"),
    Word("Output padding", "Cells that a transposed convolution crops less at the bottom and right. They are not zeros in general.", (),
         "K calls it additional padding applied to the output.", "transposed_convolution: Output padding"),
    Word("Overfitting", "Good on the images of the training, worse on others.", (), "", "compare"),
    Word("Overlap-tile", "Cuts a large image into tiles whose windows overlap and whose answers do not.", (), "", "use"),
    Word("Padding", "Adds cells around a convolution's input; from a transposed convolution's output it crops them.", (),
         "K says for both that it adds cells to the input.", "convolution: Padding keeps the size"),
    Word("Panoptic quality", "How well matched segments fit, times how many are found: SQ times RQ.", ("PQ",), "", "instances"),
    Word("Panoptic segmentation", "Every pixel gets a class, and things among them an instance as well.", (), "", "instances"),
    Word("Pooling", "Replaces every window by one number, its largest or its mean.", ("subsampling",), "", "pooling"),
    Word("Precision", "Of all that was found, the share that is true: TP / (TP + FP).", (), "", "use"),
    Word("Pretraining", "Learning weights on another task first, for which labels are cheap.", ("pretrained",), "", "pretrained"),
    Word("Projected shortcut", "A 1 × 1 convolution on the way around a block, where size or channels change.",
         (), "", "milestones"),
    Word("Recall", "Of all that is true, the share that was found: TP / (TP + FN).", (), "", "use"),
    Word("Receptive field", "The part of the image that one output cell depends on.", (),
         "P says effective receptive field; today that is the theoretical one.", "receptive_field"),
    Word("Registration", "Image and mask lying on each other, pixel on pixel.", (), "", "compare"),
    Word("ReLU", "Keeps what is positive and turns the rest to 0.", ("rectified linear unit",), "", "convolution: Bias and activation"),
    Word("Residual connection", "Adds a layer's input to its output, F(x) + x.", (), "K and N say residual for any skip connection.",
         "milestones"),
    Word("Saliency map", "The size of a score's gradient at every pixel of the image.", (), "", "inside"),
    Word("Seam", "Where two tiles of an image meet.", (), "", "use"),
    Word("Semantic segmentation", "Every pixel gets a class; two cats are one area of cat.", (), "", "tasks"),
    Word("Sigmoid", "Squeezes a score between 0 and 1.", ("logistic function",), "", "unet_by_hand: Sigmoid"),
    Word("Skip connection", "Carries a feature map from the encoder past the deeper layers to the decoder.", ("shortcut",),
         "K and N call it a residual connection.", "unet_by_hand: The skip connection"),
    Word("Sliding window", "Classifies the middle pixel of one patch after the other.",
         ("patch-wise classification",), "", "sliding_window"),
    Word("Sobel kernel", "Right column minus left, the middle row doubled: the slope of the image.",
         ("Sobel’s kernel",), "", "handcrafted"),
    Word("Softmax", "Turns the scores of all classes into probabilities that add up to 1.", (), "", ""),
    Word("Stride", "How many cells the kernel moves at a time; in a transposed convolution the distance between two stamps.", (),
         "P lets it be below 1: fractional convolution.", "convolution: Stride"),
    Word("Switches", "The places of the maxima, which max pooling remembers for unpooling.", ("indices",), "", "pooling: The switches"),
    Word("Things and stuff", "Things can be counted, such as cars; stuff cannot, such as sky.", (), "", "tasks"),
    Word("Threshold", "The probability, or the grey value, from which a pixel counts as the object.", (), "", "use"),
    Word("Top-hat", "What is darker or brighter than its surroundings within a small disc.", (), "", "handcrafted"),
    Word("Transposed convolution", "Each input value stamps the scaled kernel on the output; overlaps add.",
         ("up-convolution", "fractionally strided convolution", "backwards convolution"),
         "N: opposite convolution; K: learnable upsampling; D: deconvolution; P: fractional convolution, up-conv.",
         "transposed_convolution"),
    Word("U-Net", "An encoder and a decoder with skip connections at every size, drawn as a U.", (), "", "unet_by_hand: A whole U-Net"),
    Word("Upsampling", "Makes a feature map larger, by a fixed rule or with learned weights.", (), "", "pooling: All six"),
    Word("Variational autoencoder", "An autoencoder whose code is a cloud and not a point, so that it can be drawn from.",
         ("VAE",), "", "autoencoder"),
    Word("Watershed", "Floods a landscape from markers, and draws a line where two lakes meet.", (), "", "handcrafted"),
    Word("Weight sharing", "The same kernel is used at every place, so what is learned at one serves at all.", ("shared weights",), "",
         "convolution: One kernel for every place"),
)  # fmt: skip
BY_KEY = {word.key: word for word in WORDS}
_NAMES = {name.lower(): word for word in WORDS for name in (word.term, *word.also)}
_ANY = re.compile(r"\b(" + "|".join(re.escape(name) for name in sorted(_NAMES, key=len, reverse=True)) + r")\b", re.IGNORECASE)
_KEPT = re.compile(r"(^#.*$|`[^`]*`|!?\[[^\]]*\]\([^)]*\)|<[^>]*>)", re.MULTILINE)  # headings, code, links and tags stay as they are


def find(text: str) -> list[Word]:
    """The words that have `text` in their names or in what is said of them, the closest first; all of them for an empty text.

    >>> [word.term for word in find("residual")]
    ['Residual connection', 'Concatenation', 'Skip connection']
    """
    wanted = text.strip().lower()
    named = [word for word in WORDS if any(wanted in name.lower() for name in (word.term, *word.also))]
    said = [word for word in WORDS if word not in named and wanted in f"{word.meaning} {word.decks}".lower()]
    named.sort(key=lambda word: all(name.lower() != wanted for name in (word.term, *word.also)))
    return named + said


def linked(text: str) -> tuple[str, list[Word]]:
    """Markdown `text` with the first mention of each term made a link to its entry, and the words that it mentions.

    >>> linked("The stride, `padding` and Stride.")[0]
    'The [stride](./words?word=stride), `padding` and Stride.'
    """
    seen: dict[str, Word] = {}

    def link(match: re.Match[str]) -> str:
        word = _NAMES[match[0].lower()]
        if word.key in seen:
            return match[0]
        seen[word.key] = word
        return f"[{match[0]}](./words?word={word.key})"

    parts = _KEPT.split(text)
    parts[::2] = [_ANY.sub(link, part) for part in parts[::2]]
    return "".join(parts), list(seen.values())
