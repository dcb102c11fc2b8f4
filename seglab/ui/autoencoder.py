"""The panel of the page Autoencoder: four parts, of which the address names one."""

from __future__ import annotations

from seglab.ui.addressed import choice
from seglab.ui.autoencoder_anomalies import anomalies_part
from seglab.ui.autoencoder_bottleneck import bottleneck_part
from seglab.ui.autoencoder_labels import labels_part
from seglab.ui.autoencoder_unet import unet_part

PARTS = {"bottleneck": "Bottleneck", "unet": "Is a U-Net one?", "labels": "Without labels", "anomalies": "Anomalies"}
SHOWN = {"bottleneck": bottleneck_part, "unet": unet_part, "labels": labels_part, "anomalies": anomalies_part}


def autoencoder_panel() -> None:
    """The part that the address names."""
    SHOWN[choice("Part", "part", PARTS, "bottleneck", drops=("measure",), hidden=True)]()
