"""Ways to fit a linear projection of frozen features, each (features, labels) -> (matrix, offset).

Features are unit vectors float32 [n, F]; the embedding is the unit vector along f @ matrix + offset.
"""
from collections.abc import Callable

import numpy as np

from metrics import unit

Fit = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def identity(features: np.ndarray, _labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The frozen features as they are."""
    width = features.shape[1]
    return np.eye(width, dtype=np.float32), np.zeros(width, np.float32)


def principal_axes(rows: np.ndarray, dimension: int) -> np.ndarray:
    """Directions of largest variance of centred rows, [F, dimension]."""
    _, vectors = np.linalg.eigh((rows.T @ rows).astype(np.float64) / len(rows))
    return vectors[:, ::-1][:, :dimension]


def pca(dimension: int) -> Fit:
    """Principal component analysis, centred."""

    def fit(features, _labels):
        mean = features.mean(0)
        matrix = principal_axes(features - mean, dimension)
        return matrix.astype(np.float32), (-mean @ matrix).astype(np.float32)

    return fit


def whitened(dimension: int, shrinkage: float, power: float) -> Fit:
    """Within-class covariance normalisation, then PCA.

    Features are multiplied by Sw^-power, where Sw is the within-class covariance shrunk towards a multiple of the
    identity; power 0.5 is full whitening (Hatch, Kajarekar, Stolcke 2006, "Within-class covariance normalization
    for SVM-based speaker recognition"), 0 is PCA. Directions in which photos of one breed differ count less.
    """

    def fit(features, labels):
        mean = features.mean(0)
        names, codes = np.unique(labels, return_inverse=True)
        means = np.stack([features[codes == i].mean(0) for i in range(len(names))])
        residual = features - means[codes]
        within = (residual.T @ residual).astype(np.float64) / len(features)
        width = len(within)
        within = (1 - shrinkage) * within + shrinkage * np.trace(within) / width * np.eye(width)
        values, vectors = np.linalg.eigh(within)
        whiten = vectors * values**-power @ vectors.T
        matrix = whiten @ principal_axes((features - mean) @ whiten, dimension)
        return matrix.astype(np.float32), (-mean @ matrix).astype(np.float32)

    return fit


def neighbourhood(start: Fit, steps: int, rate: float, temperature: float, batch: int = 1536) -> Fit:
    """Neighbourhood components analysis on the sphere, from a closed-form start.

    Maximises the leave-one-out soft-kNN probability of the right label, softmax over cosine / temperature
    (Goldberger et al. 2004, "Neighbourhood Components Analysis"; the "in" form of SupCon's loss, Khosla et al.
    2020, arXiv 2004.11362). Adam with a cosine schedule; step sizes are relative to the start's mean entry, so
    few steps stay near the start, which is what keeps breeds that were never seen apart.
    """

    def fit(features, labels):
        rng = np.random.default_rng(0)
        codes = np.unique(labels, return_inverse=True)[1]
        parameters = [part.copy() for part in start(features, labels)]
        moments = [(np.zeros_like(part), np.zeros_like(part)) for part in parameters]
        scales = [rate * np.abs(part).mean() for part in parameters]
        for step in range(1, steps + 1):
            rows = rng.choice(len(features), min(batch, len(features)), replace=False)
            gradients = neighbourhood_gradient(features[rows], codes[rows], *parameters, temperature)
            schedule = 0.5 * (1 + np.cos(np.pi * step / steps))
            for part, gradient, (first, second), scale in zip(parameters, gradients, moments, scales):
                first += 0.1 * (gradient - first)
                second += 0.01 * (gradient**2 - second)
                update = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-12)
                part -= scale * schedule * update
        return parameters[0], parameters[1]

    return fit


def neighbourhood_gradient(features, codes, matrix, offset, temperature):
    """Gradient of the mean -log probability of the right label, for matrix and offset."""
    raw = features @ matrix + offset
    norms = np.linalg.norm(raw, axis=1, keepdims=True)
    rows = raw / norms
    logits = rows @ rows.T / temperature
    np.fill_diagonal(logits, -np.inf)
    share = np.exp(logits - logits.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    same = (codes[:, None] == codes[None]) & ~np.eye(len(codes), dtype=bool)
    right = (share * same).sum(1, keepdims=True)
    d_logits = np.where(same.any(1, keepdims=True), share - share * same / (right + 1e-9), 0)
    d_logits /= len(codes) * temperature
    d_rows = (d_logits + d_logits.T) @ rows
    d_raw = (d_rows - (d_rows * rows).sum(1, keepdims=True) * rows) / norms
    return features.T @ d_raw, d_raw.sum(0)


def project(fitted: tuple[np.ndarray, np.ndarray], features: np.ndarray) -> np.ndarray:
    """Unit features -> unit embeddings."""
    matrix, offset = fitted
    return unit(features @ matrix + offset)
