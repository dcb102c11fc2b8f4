"""Segmentation without labels: pixels in clusters by what is known of each, and clusters named by the classes that they fit best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2, vq
from scipy.optimize import linear_sum_assignment
from skimage.filters import threshold_multiotsu

from seglab.data.scene import Image, Mask

SAMPLE = 6000  # pixels that centres are looked for in


def centres_of(features: Image, count: int, seed: int) -> NDArray[np.float64]:
    """Centres (count, C) of k-means among features (N, C), from k-means++ starts; the best of three."""
    rng = np.random.default_rng(seed)
    some = np.asarray(features[rng.choice(len(features), min(SAMPLE, len(features)), replace=False)], np.float64)
    found = [kmeans2(some, count, iter=30, minit="++", rng=rng)[0] for _ in range(3)]
    return min(found, key=lambda centres: float((vq(some, centres)[1] ** 2).sum()))


def clustered(features: Image, centres: NDArray[np.float64]) -> NDArray[np.intp]:
    """The number of the nearest centre for features (..., C).

    >>> clustered(np.array([[0.1], [2.0], [0.4]], np.float32), np.array([[0.0], [1.0]])).tolist()
    [0, 1, 0]
    """
    flat = np.asarray(features.reshape(-1, features.shape[-1]), np.float64)
    return np.asarray(vq(flat, centres)[0], np.intp).reshape(features.shape[:-1])


def otsu(values: Image, classes: int) -> NDArray[np.float64]:
    """The ``classes - 1`` thresholds that part grey values with the least variance within the classes (Otsu, 1979).

    >>> otsu(np.array([0.0, 0.1, 0.9, 1.0] * 50, np.float32), 2).round(1).tolist()
    [0.1]
    """
    return np.asarray(threshold_multiotsu(values, classes), np.float64)  # type: ignore[no-untyped-call]


def best_names(clusters: NDArray[np.intp], truth: Mask, classes: int) -> NDArray[np.uint8]:
    """For each cluster, the class it stands for: one to one, so that the most pixels are right (the Hungarian method).

    >>> best_names(np.array([0, 0, 1, 1, 1]), np.array([1, 1, 0, 0, 1], np.uint8), 2).tolist()
    [1, 0]
    """
    shared = np.bincount(clusters.ravel() * classes + truth.ravel(), minlength=classes * classes).reshape(classes, classes)
    names: NDArray[np.uint8] = np.zeros(classes, np.uint8)
    own, theirs = linear_sum_assignment(shared, maximize=True)
    names[own] = theirs
    return names
