"""Reference values for the tests of src/evaluation and src/breeds, from other people's implementations.

    python -m venv /path/to/venv
    /path/to/venv/bin/pip install numpy scikit-learn faiss-cpu torch pytorch-metric-learning
    /path/to/venv/bin/python scripts/evaluation/fixtures.py > test/fixtures/evaluation/reference.json

The data are random clusters with whole numbers as coordinates, so that every language reads the same vectors.
"""

import json
import sys

import faiss
import numpy as np
import pytorch_metric_learning
import sklearn
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.neighbors import KNeighborsClassifier

K, TEMPERATURE, BINS = 20, 0.1, 15


def clusters(rng, counts, centres, spread):
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.round(centres[labels] + rng.normal(size=(len(labels), centres.shape[1])) * spread).astype(int), labels


def unit(rows):
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def retrieval(gallery, g_labels, queries, q_labels):
    calculator = AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision_at_r"), k="max_bin_count", device=torch.device("cpu")
    )
    values = calculator.get_accuracy(
        torch.tensor(unit(queries)), torch.tensor(q_labels), torch.tensor(unit(gallery)), torch.tensor(g_labels)
    )
    itself = calculator.get_accuracy(torch.tensor(unit(gallery)), torch.tensor(g_labels))
    index = faiss.IndexFlatIP(gallery.shape[1])
    index.add(unit(gallery))
    similarities, rows = index.search(unit(queries), K)
    hit = g_labels[rows] == q_labels[:, None]
    return {
        "recallAt1": float(values["precision_at_1"]),
        "mapAtR": float(values["mean_average_precision_at_r"]),
        "leaveOneOut": {
            "recallAt1": float(itself["precision_at_1"]),
            "mapAtR": float(itself["mean_average_precision_at_r"]),
        },
        "recallAt5": float(hit[:, :5].any(axis=1).mean()),
        "recallAt10": float(hit[:, :10].any(axis=1).mean()),
        "nearest": rows[:5].tolist(),
        "similarities": similarities[:5].round(6).tolist(),
    }


def classification(names, gallery, g_labels, queries, q_labels):
    model = KNeighborsClassifier(
        K, metric="cosine", algorithm="brute", weights=lambda distance: np.exp((1 - distance) / TEMPERATURE)
    ).fit(unit(gallery), g_labels)
    shares = model.predict_proba(unit(queries))
    predicted = shares.argmax(axis=1)
    table = confusion_matrix(q_labels, predicted, labels=range(len(names)))
    wrong = table - np.diag(np.diag(table))
    worst = np.unravel_index(wrong.argmax(), wrong.shape)
    return {
        "shares": shares[:5].round(9).tolist(),
        "top1": accuracy_score(q_labels, predicted),
        "macroTop1": balanced_accuracy_score(q_labels, predicted),
        "perLabelTop1": recall_score(q_labels, predicted, average=None).tolist(),
        "perLabelPrecision": precision_score(q_labels, predicted, average=None, zero_division=0).tolist(),
        "worstConfusion": {"label": names[worst[0]], "predicted": names[worst[1]], "count": int(wrong.max())},
        "wrong": int(wrong.sum()),
    }


def confidences(rng):
    confidence = np.round(rng.beta(4, 1.5, size=400), 3)
    right = (rng.random(400) < confidence**1.7).astype(int)
    accuracy, mean = calibration_curve(right, confidence, n_bins=BINS, strategy="uniform")
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence), minlength=BINS)
    weights = counts[counts > 0] / len(right)
    precision, _, thresholds = precision_recall_curve(right, confidence)

    def coverage(wanted):
        enough = thresholds[precision[:-1] >= wanted]
        return float(max(((confidence >= t).mean() for t in enough), default=0))

    features = np.stack([confidence, rng.normal(size=400).round(3)], axis=1)
    logistic = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000).fit(features, right)
    return {
        "confidence": confidence.tolist(),
        "right": right.tolist(),
        "ece": float((weights * np.abs(accuracy - mean)).sum()),
        "bins": {"count": counts.tolist(), "accuracy": accuracy.tolist(), "confidence": mean.tolist()},
        "coverageAt90": coverage(0.9),
        "coverageAt95": coverage(0.95),
        "auroc": roc_auc_score(right, confidence),
        "logistic": {
            "noise": features[:, 1].tolist(),
            "coefficients": logistic.coef_[0].tolist(),
            "intercept": float(logistic.intercept_[0]),
        },
    }


def main():
    rng = np.random.default_rng(7)
    names = [f"breed-{chr(97 + i)}" for i in range(8)]
    centres = rng.normal(size=(len(names), 6)) * 60
    gallery, g_labels = clusters(rng, [40, 32, 28, 24, 24, 20, 12, 8], centres, 55)
    queries, q_labels = clusters(rng, [14, 12, 10, 10, 8, 8, 6, 5], centres, 55)
    json.dump(
        {
            "madeBy": {
                "pytorch-metric-learning": pytorch_metric_learning.__version__,
                "faiss": faiss.__version__,
                "scikit-learn": sklearn.__version__,
            },
            "k": K,
            "temperature": TEMPERATURE,
            "labels": names,
            "gallery": {"vectors": gallery.tolist(), "labels": [names[i] for i in g_labels]},
            "queries": {"vectors": queries.tolist(), "labels": [names[i] for i in q_labels]},
            "retrieval": retrieval(gallery, g_labels, queries, q_labels),
            "classification": classification(names, gallery, g_labels, queries, q_labels),
            "confidences": confidences(rng),
        },
        sys.stdout,
    )


main()
