"""Retrieval metrics on unit vectors, as src/evaluation and src/breeds compute them."""
import csv
from pathlib import Path

import numpy as np


def unit(rows: np.ndarray) -> np.ndarray:
    """float [n, D] -> the same rows with L2 norm 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def read_rows(folder: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels and near-duplicate groups of a set written by pixels.mjs; without a `group` column, one per photo."""
    with open(Path(folder) / "rows.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    labels = np.array([row["label"] for row in rows])
    groups = np.array([row.get("group") or f"photo {i}" for i, row in enumerate(rows)])
    return labels, groups


def neighbours(queries: np.ndarray, gallery: np.ndarray, k: int, own: np.ndarray | None = None):
    """The k most similar gallery rows of each query, best first: (indices, cosines), each [n, k].

    `own`: row of the gallery that is the query itself and must not be its neighbour.
    """
    similarity = queries @ gallery.T
    if own is not None:
        similarity[np.arange(len(queries)), own] = -np.inf
    top = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(similarity, top, 1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(top, order, 1), np.take_along_axis(values, order, 1)


def vote(indices: np.ndarray, cosines: np.ndarray, labels: np.ndarray, temperature: float) -> np.ndarray:
    """Weighted k-NN vote, weights exp(cosine / temperature): the label of each query.

    Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", arXiv 1805.01978.
    """
    names, codes = np.unique(labels, return_inverse=True)
    weights = np.exp((cosines - cosines[:, :1]) / temperature)
    votes = np.zeros((len(indices), len(names)))
    for j in range(indices.shape[1]):
        votes[np.arange(len(indices)), codes[indices[:, j]]] += weights[:, j]
    return names[votes.argmax(1)]


def quality(queries, query_labels, gallery, gallery_labels, k: int = 20, temperature: float = 0.07, own=None):
    """(share of right votes, recall@1)."""
    indices, cosines = neighbours(queries, gallery, k, own)
    right = vote(indices, cosines, gallery_labels, temperature) == query_labels
    return float(right.mean()), float((gallery_labels[indices[:, 0]] == query_labels).mean())
