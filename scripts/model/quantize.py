"""Quantises the float encoder to int8: static, QDQ, per-channel weights (onnxruntime.quantization).

    python quantize.py --model encoder-float.onnx --pixels train/pixels.npy --out encoder.onnx
                       [--method mse] [--weight-bits 7] [--rounding gptq] ...

The defaults are the shipped recipe; docs/encoder.md has the measurements. Convolutions and additions run on
integers. The first convolution takes the decoder's bytes as they are: their scale 1/128 and zero point 127 are the
network's own pixel scaling. From the global average pool on, the graph stays float: it is under 0.1 % of the work,
and rounding the pooled features costs accuracy.
"""
import argparse
import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.calibrate import TensorsData, save_tensors_data
from onnxruntime.quantization.shape_inference import quant_pre_process

from build_encoder import PIXEL_SCALE, PIXEL_ZERO_POINT
from calibration import collect
from rounding import refine

QUANTISED_OPS = ["Conv", "Clip", "Add"]


def sample(pixels: np.ndarray, count: int, seed: int = 0) -> list[np.ndarray]:
    """`count` photos drawn without replacement, each uint8 [1, S, S, 3]."""
    rows = np.sort(np.random.default_rng(seed).permutation(len(pixels))[:count])
    return [np.ascontiguousarray(pixels[row : row + 1]) for row in rows]


def activations(model: onnx.ModelProto) -> list[str]:
    """Names of the tensors that the integer part of the graph reads or writes."""
    names = [name for node in model.graph.node if node.op_type in QUANTISED_OPS for name in (node.input[0], *node.output)]
    adds = [name for node in model.graph.node if node.op_type == "Add" for name in node.input]
    return list(dict.fromkeys(names + adds))


def preprocess(model_path: str) -> onnx.ModelProto:
    """ONNX Runtime's recommended clean-up (shape inference, constant folding) before quantisation."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "model.onnx")
        quant_pre_process(model_path, out, skip_symbolic_shape=True)
        return onnx.load(out)


def quantise(model: onnx.ModelProto, ranges: dict[str, tuple[float, float]], out: str, args: argparse.Namespace) -> None:
    """Writes the QDQ model to `out`, with the given activation ranges."""
    data = {name: (np.float32(low), np.float32(high)) for name, (low, high) in ranges.items()}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "ranges.json"
        save_tensors_data(TensorsData(CalibrationMethod.MinMax, data), cache)
        quantize_static(
            model,
            out,
            None,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED_OPS,
            per_channel=True,
            reduce_range=args.weight_bits == 7,
            activation_type=QuantType[args.activations],
            weight_type=QuantType[args.weights],
            nodes_to_exclude=args.exclude,
            calibrate_method=CalibrationMethod.MinMax,
            calibration_cache_path=cache,
        )
    quantised = onnx.load(out)
    feed_bytes(quantised)
    onnx.checker.check_model(quantised, full_check=True)
    onnx.save(quantised, out)


def feed_bytes(model: onnx.ModelProto) -> None:
    """Drops the quantise step behind the pixel scaling: the first convolution reads the bytes as they are."""
    graph = model.graph
    scale = next(node for node in graph.node if node.name == "scale_pixels")
    requantise = next((n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] == scale.output[0]), None)
    if requantise is None:
        return
    dequantise = next(node for node in graph.node if node.input and node.input[0] == requantise.output[0])
    for node in graph.node:
        node.input[:] = [scale.output[0] if name == dequantise.output[0] else name for name in node.input]
    graph.node.remove(requantise)
    graph.node.remove(dequantise)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=128, help="photos that the activation ranges come from")
    parser.add_argument("--method", default="mse", choices=["minmax", "mean-minmax", "percentile", "mse"])
    parser.add_argument("--percentile", type=float, default=99.99)
    parser.add_argument(
        "--weight-bits", type=int, default=7, choices=[7, 8], help="7: no sum saturates on a CPU without VNNI"
    )
    parser.add_argument("--rounding", default="gptq", choices=["nearest", "gptq"], help="of the weights")
    parser.add_argument("--rounding-photos", type=int, default=64)
    parser.add_argument("--activations", default="QUInt8", choices=["QUInt8", "QInt8"])
    parser.add_argument("--weights", default="QInt8", choices=["QUInt8", "QInt8"], help="gptq needs QInt8")
    parser.add_argument("--exclude", nargs="*", default=[], help="names of nodes that stay float")
    return parser


def main() -> None:
    parser = options()
    parser.add_argument("--model", required=True, help="float encoder of build_encoder.py")
    parser.add_argument("--pixels", required=True, help="pixels.npy of the training photos")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    model = preprocess(args.model)
    pixels = np.load(args.pixels, mmap_mode="r")
    stats = collect(model, activations(model), sample(pixels, args.photos))
    quantise(model, stats.ranges(args.method, args.percentile), args.out, args)
    if args.rounding == "gptq":
        quantised = onnx.load(args.out)
        refine(quantised, model, sample(pixels, args.rounding_photos, seed=1), 64 if args.weight_bits == 7 else 127)
        onnx.checker.check_model(quantised, full_check=True)
        onnx.save(quantised, args.out)
    print(f"{args.out}: {Path(args.out).stat().st_size / 1e6:.1f} MB, {args.method}, {args.weight_bits}-bit {args.rounding}")


if __name__ == "__main__":
    main()
