"""Ranges of the activations for static quantisation, from photos, in bounded memory.

ONNX Runtime's own percentile and entropy calibrators keep every activation of every photo (about 0.1 GB a
photo at 260 px). Here each tensor is reduced to a histogram of fixed range while the photos stream through.
"""
import numpy as np
import onnx
import onnxruntime as ort

BINS = 4096


class Statistics:
    """Per-tensor minimum, maximum, mean of the photos' minima and maxima, and histogram."""

    def __init__(self, names: list[str]):
        self.names = names
        self.lowest = {name: np.inf for name in names}
        self.highest = {name: -np.inf for name in names}
        self.photo_lows = {name: [] for name in names}
        self.photo_highs = {name: [] for name in names}
        self.histogram = {name: np.zeros(BINS) for name in names}

    def ranges(self, method: str, percentile: float = 99.99) -> dict[str, tuple[float, float]]:
        """Tensor -> (low, high).

        minmax: what occurred. mean-minmax: the mean over photos of each photo's extremes. percentile: cuts the
        same share from both tails. mse: the range with the least squared error of 8-bit rounding and clipping
        over the histogram (as in Choukroun et al. 2019, arXiv 1902.06822).
        """
        return {name: self.range_of(name, method, percentile) for name in self.names}

    def range_of(self, name: str, method: str, percentile: float) -> tuple[float, float]:
        low, high = self.lowest[name], self.highest[name]
        if method == "minmax":
            return low, high
        if method == "mean-minmax":
            return float(np.mean(self.photo_lows[name])), float(np.mean(self.photo_highs[name]))
        counts = self.histogram[name]
        edges = np.linspace(low, high, BINS + 1)
        if method == "percentile":
            share = np.cumsum(counts) / counts.sum()
            tail = 1 - percentile / 100
            return float(edges[np.searchsorted(share, tail)]), float(edges[1 + np.searchsorted(share, 1 - tail)])
        if method == "mse":
            return least_squares_range(counts, (edges[:-1] + edges[1:]) / 2, low, high)
        raise ValueError(f"unknown calibration method {method}")


def least_squares_range(counts: np.ndarray, centres: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """The (low, high) with least squared 8-bit error; 0 is always inside, as the quantiser demands."""
    low, high = min(low, 0.0), max(high, 0.0)
    best = (np.inf, low, high)
    steps = np.linspace(0.2, 1.0, 41)
    for a in steps if low < 0 else [1.0]:
        for b in steps:
            scale = max((high * b - low * a) / 255, 1e-12)
            zero = np.round(-low * a / scale)
            restored = (np.clip(np.round(centres / scale) + zero, 0, 255) - zero) * scale
            error = float(np.sum(counts * (centres - restored) ** 2))
            if error < best[0]:
                best = (error, low * a, high * b)
    return best[1], best[2]


def collect(model: onnx.ModelProto, names: list[str], inputs: list[np.ndarray]) -> Statistics:
    """Runs the float model over `inputs` (one photo each, fed to its first input) and gathers the statistics."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    have = {output.name for output in exposed.graph.output}
    exposed.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in have)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = ort.InferenceSession(exposed.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0].name
    stats = Statistics(names)
    for photo in inputs:
        for name, value in zip(names, session.run(names, {feed: photo})):
            stats.photo_lows[name].append(float(value.min()))
            stats.photo_highs[name].append(float(value.max()))
    for name in names:
        stats.lowest[name], stats.highest[name] = min(stats.photo_lows[name]), max(stats.photo_highs[name])
    for photo in inputs:
        for name, value in zip(names, session.run(names, {feed: photo})):
            limits = (stats.lowest[name], stats.highest[name])
            stats.histogram[name] += np.histogram(value, BINS, limits)[0]
    return stats
