"""Fits the projection of frozen features and shows what the choice between candidates rests on.

    python fit_projection.py --train DIR --val DIR [--compare]                 prints the table
    python fit_projection.py --train DIR --out projection.npz                  fits the chosen recipe

DIR holds rows.csv of pixels.mjs and features.npy, the backbone's output of embed_pixels.py. For each candidate:
  val     fitted on all of train; val photos are the queries, train photos the gallery
  cv      five folds of train, whole near-duplicate groups together; the held-out fold's photos are the queries
  unseen  six folds of breeds; the fit never sees a fold's breeds, whose photos are then the queries, with all
          other train photos as the gallery (recall@1). This guards against a projection that keeps only what
          tells the training breeds apart.
The test split is no input to any of this.
"""
import argparse
from pathlib import Path

import numpy as np

from metrics import quality, read_rows, unit
from projections import Fit, identity, neighbourhood, pca, project, whitened

DIMENSION = 256
#: The shipped recipe: see docs/encoder.md for the table it was chosen from.
CHOSEN: Fit = neighbourhood(whitened(DIMENSION, 0.1, 0.4), steps=100, rate=5e-3, temperature=0.05)


def candidates() -> dict[str, Fit]:
    table: dict[str, Fit] = {"frozen, all features": identity, "PCA": pca(DIMENSION)}
    for shrinkage in (0.05, 0.1, 0.2):
        for power in (0.3, 0.4, 0.5):
            table[f"whitened {shrinkage} ^{power}"] = whitened(DIMENSION, shrinkage, power)
    for rate, steps in ((3e-3, 200), (5e-3, 100), (1e-2, 200)):
        start = whitened(DIMENSION, 0.1, 0.4)
        table[f"NCA {steps} x {rate}"] = neighbourhood(start, steps, rate, 0.05)
    return table


def folds_of(keys: np.ndarray, count: int) -> np.ndarray:
    """A fold number for each row; rows with the same key share it. Always the same folds."""
    names, codes = np.unique(keys, return_inverse=True)
    return (np.random.default_rng(0).permutation(len(names)) % count)[codes]


def compare(name: str, fit: Fit, train, val) -> str:
    (features, labels, groups), (val_features, val_labels) = train, val
    fitted = fit(features, labels)
    on_val = quality(project(fitted, val_features), val_labels, project(fitted, features), labels)
    folds = folds_of(groups, 5)
    crossed = []
    for fold in range(5):
        rest, held = folds != fold, folds == fold
        fitted = fit(features[rest], labels[rest])
        gallery, queries = project(fitted, features[rest]), project(fitted, features[held])
        crossed.append(quality(queries, labels[held], gallery, labels[rest]))
    breeds = folds_of(labels, 6)
    unseen = []
    for fold in range(6):
        held = np.flatnonzero(breeds == fold)
        fitted = fit(features[breeds != fold], labels[breeds != fold])
        everything = project(fitted, features)
        unseen.append(quality(everything[held], labels[held], everything, labels, own=held)[1])
    cv = np.mean(crossed, axis=0)
    return (
        f"{name:26s} val vote {on_val[0]:.4f} R@1 {on_val[1]:.4f} | cv vote {cv[0]:.4f} R@1 {cv[1]:.4f}"
        f" | unseen R@1 {np.mean(unseen):.4f}"
    )


def load(folder: str):
    labels, groups = read_rows(folder)
    return unit(np.load(Path(folder) / "features.npy")), labels, groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True)
    parser.add_argument("--val")
    parser.add_argument("--compare", nargs="?", const="", metavar="WORD", help="only candidates that contain WORD")
    parser.add_argument("--out", help="projection.npz: matrix [features, 256] and offset [256]")
    args = parser.parse_args()
    train = load(args.train)
    if args.compare is not None:
        if not args.val:
            parser.error("--compare needs --val")
        val = load(args.val)[:2]
        for name, fit in candidates().items():
            if args.compare in name:
                print(compare(name, fit, train, val), flush=True)
    if args.out:
        matrix, offset = CHOSEN(*train[:2])
        np.savez(args.out, matrix=matrix, offset=offset)
        print(f"{args.out}: {matrix.shape[0]} -> {matrix.shape[1]}")


if __name__ == "__main__":
    main()
