"""Rounds convolution weights so that what they compute stays, not each weight by itself.

Round-to-nearest is the largest part of this network's int8 error, and mostly what 7-bit weights would cost. Here
each convolution is rounded in order, weight by weight, the rest of the filter making up for the error of what is
already rounded (GPTQ: Frantar et al. 2022, arXiv 2210.17323; after Hassibi and Stork 1993, "Optimal Brain
Surgeon"). Its inputs are those of the quantised network so far, so later layers see the earlier ones' error; the
bias then takes up the remaining mean error of each channel (Nagel et al. 2019, arXiv 1906.04721).
"""
import numpy as np
import onnx
import onnxruntime as ort
from numpy.lib.stride_tricks import sliding_window_view
from onnx import numpy_helper
from onnx.utils import Extractor

#: Positions of each feature map that the statistics are taken from.
POSITIONS = 200
#: Share of the mean diagonal that is added to the second moments, so that they can be inverted.
DAMPING = 0.01


def attributes(node: onnx.NodeProto) -> dict:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def patches(feature_map: np.ndarray, node: onnx.NodeProto, positions: np.ndarray) -> np.ndarray:
    """Inputs of a convolution at the given output positions: [positions, groups, channels x kernel]."""
    settings = attributes(node)
    (kh, kw), (sh, sw), group = settings["kernel_shape"], settings["strides"], settings["group"]
    top, left, bottom, right = settings["pads"]
    padded = np.pad(feature_map[0], ((0, 0), (top, bottom), (left, right)))
    windows = sliding_window_view(padded, (kh, kw), axis=(1, 2))[:, ::sh, ::sw]
    width = windows.shape[2]
    chosen = windows[:, positions // width, positions % width]
    return chosen.transpose(1, 0, 2, 3).reshape(len(positions), group, -1)


def run(model: onnx.ModelProto, names: list[str], photos: list[np.ndarray]):
    """Yields the named tensors for each photo, computing no more of the graph than they need."""
    part = Extractor(onnx.shape_inference.infer_shapes(model)).extract_model(["pixels"], names)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    # Unoptimised: what is between quantise and dequantise steps stays visible, and is computed as written.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(part.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for photo in photos:
        yield session.run(names, {"pixels": photo})


def round_filters(weights: np.ndarray, moments: np.ndarray, scale: np.ndarray, limit: int) -> np.ndarray:
    """GPTQ for one group: float weights [filters, inputs], moments [inputs, inputs], scale [filters] -> integers."""
    size = len(moments)
    moments = moments + np.eye(size) * (DAMPING * np.trace(moments) / size + 1e-9)
    order = np.argsort(-np.diag(moments))
    inverse = np.linalg.inv(moments[np.ix_(order, order)])
    factor = np.linalg.cholesky((inverse + inverse.T) / 2).T
    rest = weights[:, order].astype(np.float64)
    rounded = np.zeros_like(rest)
    for i in range(size):
        rounded[:, i] = np.clip(np.round(rest[:, i] / scale), -limit, limit)
        error = (rest[:, i] - rounded[:, i] * scale) / factor[i, i]
        rest[:, i:] -= np.outer(error, factor[i, i:])
    result = np.empty_like(rounded)
    result[:, order] = rounded
    return result


def statistics(quantised, reference, node, wanted: str, shape: tuple, photos, rng):
    """Mean and second moments of the quantised network's inputs, and mean of the float network's output."""
    group = attributes(node)["group"]
    inputs = int(np.prod(shape[1:]))
    total, square, target, count = np.zeros((group, inputs)), np.zeros((group, inputs, inputs)), 0.0, 0
    for (seen,), (output,) in zip(run(quantised, [node.input[0]], photos), run(reference, [wanted], photos)):
        area = output.shape[2] * output.shape[3]
        positions = rng.choice(area, min(POSITIONS, area), replace=False)
        block = patches(seen, node, positions).astype(np.float64).transpose(1, 0, 2)
        total += block.sum(1)
        square += block.transpose(0, 2, 1) @ block
        target = target + output[0].reshape(output.shape[1], -1)[:, positions].sum(1, dtype=np.float64)
        count += len(positions)
    mean = total / count
    return mean, square / count - mean[:, :, None] * mean[:, None, :], target / count


def refine(quantised: onnx.ModelProto, reference: onnx.ModelProto, photos: list[np.ndarray], limit: int) -> None:
    """Rounds the quantised model's convolutions anew, in place, against the float model it was made from.

    `limit`: largest absolute integer weight, 127 or (7-bit) 64.
    """
    rng = np.random.default_rng(0)
    constants = {tensor.name: tensor for tensor in quantised.graph.initializer}
    makers = {output: node for node in quantised.graph.node for output in node.output}
    originals = {node.name: node for node in reference.graph.node if node.op_type == "Conv"}
    floats = {tensor.name: numpy_helper.to_array(tensor) for tensor in reference.graph.initializer}
    for node in [node for node in quantised.graph.node if node.op_type == "Conv"]:
        original = originals[node.name]
        weight, bias = (makers[name].input for name in node.input[1:3])
        exact = floats[original.input[1]]
        scale = numpy_helper.to_array(constants[weight[1]]).astype(np.float64)
        mean, moments, target = statistics(
            quantised, reference, node, original.output[0], exact.shape, photos, rng
        )
        group, filters = len(mean), exact.shape[0] // len(mean)
        rows = exact.reshape(group, filters, -1)
        rounded = np.stack(
            [round_filters(rows[g], moments[g], scale[g * filters : (g + 1) * filters], limit) for g in range(group)]
        )
        given = np.einsum("gfi,gi->gf", rounded, mean).reshape(-1) * scale
        bias_scale = numpy_helper.to_array(constants[bias[1]]).astype(np.float64)
        replace(constants[weight[0]], rounded.reshape(exact.shape).astype(np.int8))
        replace(constants[bias[0]], np.round((target - given) / bias_scale).astype(np.int32))


def replace(tensor: onnx.TensorProto, value: np.ndarray) -> None:
    """New content for an initializer, under its old name."""
    tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
