"""The plans of what is measured on the page Autoencoder; ``bench/autoencoder.py`` measures them."""

from __future__ import annotations

from seglab.data.domains import DOMAINS
from seglab.train.study import Measure, Study

COMMAND = "python -m seglab.bench.autoencoder"
LATENTS = (2, 8, 32)
FORMS = {"plain": "plain", "beta1": "variational, β = 1", "beta10": "variational, β = 10"}
BETAS = {"plain": None, "beta1": 1.0, "beta10": 10.0}
NOISE = 0.2  # standard deviation of a pixel about its reconstruction: what weighs errors against the divergence
PICTURES = 96  # test pictures whose codes are shipped
LITTLE_IMAGES, LITTLE_STEPS, LITTLE_BATCH = 4096, 900, 64
RECONSTRUCT_STEPS, RECONSTRUCT_WIDTH, SIDE = 150, 4, 64
LABEL_STEPS, LABEL_WIDTH, LABEL_DEPTH, LABEL_IMAGES, LABEL_TESTED = 120, 8, 2, 128, 24
NORMAL_IMAGES, ANOMALY_STEPS, ANOMALY_LATENT, ANOMALY_TESTED = 256, 220, 16, 48
COPY_STEPS = 2400  # of the U-Net that shall copy: after 220 some seeds had not learned it, and the areas told of that alone
ERROR_STEP = 1 / 512  # of a shipped error
DIFFICULTIES = (0.25, 0.75)
LABEL_DOMAINS = ("xray", "landcover")

PRIOR = Study(
    "autoencoder_prior",
    "draws from the prior",
    "Does the decoder make real pictures of values drawn at random?",
    "The variational form is built for it ([Kingma and Welling](https://arxiv.org/abs/1312.6114)); a plain autoencoder is not.",
    f"{LITTLE_IMAGES:,} little pictures of 32 × 32 pixels; 500 draws, each beside the nearest of those pictures.",
    f"{LITTLE_STEPS} steps of {LITTLE_BATCH} pictures, 2 latent values.",
    {
        "real": "new real pictures",
        "beta10": "variational, β = 10, z from N(0, 1)",
        "beta1": "variational, β = 1, z from N(0, 1)",
        "plain": "plain, z from N(0, 1)",
        "fitted": "plain, z as its codes spread",
    },
    (Measure("distance", "Distance to the nearest real picture", "lower"), Measure("error", "Error of reconstruction (RMS)", "lower")),
    reference="beta10",
    command=f"{COMMAND} prior",
)

UNET = Study(
    "autoencoder_unet",
    "a U-Net that reconstructs its input",
    "Is a U-Net an autoencoder?",
    "It has the shape of one, but an autoencoder has to bring everything through its bottleneck.",
    f"Generated cells, {SIDE} × {SIDE} pixels, difficulty 0.25: 256 to learn from, 48 others to measure.",
    f"{RECONSTRUCT_STEPS} steps of 8 images, width {RECONSTRUCT_WIDTH}, by the mean squared error.",
    {"none": "no skips", "add": "skips added", "concat": "skips concatenated"},
    (
        Measure("lost", "Share of the variance lost", "lower"),
        Measure("cut_bottleneck", "Lost when the bottleneck is cut", "lower"),
        Measure("cut_skip_0", "Lost when the topmost skip is cut", "lower"),
    ),
    axis="poolings",
    xs=(1.0, 2.0, 4.0),
    command=f"{COMMAND} unet",
)

_OTSU = {"otsu": "Otsu's thresholds on the grey value"}


def labels_study(domain: str) -> Study:
    """Clusters of pixels without labels, on one domain."""
    told, grey = DOMAINS[domain], DOMAINS[domain].channels == 1
    value = "grey value" if grey else "colour"
    return Study(
        f"autoencoder_labels_{domain}",
        f"clusters of pixels, {told.title.lower()}",
        "Do an autoencoder's maps part the classes that nobody has named?",
        f"Every pixel goes to one of {len(told.classes)} clusters; clusters get the names that fit best, one to one, which needs the truth "
        "and flatters all of them alike.",
        f"{told.title}, {SIDE} × {SIDE} pixels, difficulty 0.25: {LABEL_IMAGES} to learn from, {LABEL_TESTED} others to measure.",
        f"{LABEL_STEPS} steps of 8 images, depth {LABEL_DEPTH}, width {LABEL_WIDTH}; the autoencoder has no skips.",
        {
            "values": f"k-means on the {value}",
            "blurred": f"k-means on the blurred {value}",
            **(_OTSU if grey else {}),
            "untrained": "k-means on the maps of an untrained one",
            "first": "k-means on its first maps",
            "bottleneck": "k-means on its bottleneck",
            "trained": "U-Net trained with labels",
        },
        (Measure("mean_iou", "Mean IoU"), Measure("accuracy", "Accuracy")),
        reference="values",
        command=f"{COMMAND} labels",
    )


ANOMALIES = Study(
    "autoencoder_anomalies",
    "anomalies by the error of reconstruction",
    "Who has only ever seen healthy lungs: does it reconstruct a lesion badly?",
    "That is the hope of detection by reconstruction. A network that can copy anything copies the lesion too. With difficulty lesions grow "
    "fainter, ribs and vessels stronger, and noise louder.",
    f"X-rays of {SIDE} × {SIDE} pixels: {NORMAL_IMAGES} without lesions to learn from; to measure, {ANOMALY_TESTED} with and "
    f"{ANOMALY_TESTED} without, others for each seed. The score of a pixel is its absolute error, smoothed by one pixel; of an image, its "
    "highest.",
    f"{ANOMALY_STEPS} steps of 16 images; {ANOMALY_LATENT} latent values. The U-Net, of depth 3 and width 4, sees standardised images and "
    f"learns {COPY_STEPS:,} steps, long enough to copy: measured with {ANOMALY_STEPS} first, its areas went from 0.25 to 0.98 by seed.",
    {
        "plain": "autoencoder",
        "variational": "variational, β = 1",
        "unet": "U-Net with skips",
        "median": "median of 5 × 5 pixels",
        "mean": "mean of all healthy images",
    },
    (Measure("pixels", "AUC over pixels", range=(0.2, 1.02)), Measure("images", "AUC over images", range=(0.2, 1.02))),
    axis="difficulty",
    xs=DIFFICULTIES,
    command=f"{COMMAND} anomalies",
)
STUDIES = (PRIOR, UNET, ANOMALIES, *map(labels_study, LABEL_DOMAINS))
