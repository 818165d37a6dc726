"""Builds the float encoder: uint8 pixels -> backbone -> projection -> unit vector.

    python build_encoder.py --backbone FILE.onnx --projection projection.npz --out encoder-float.onnx
                            [--copy-backbone models/backbone.onnx]

The graph: `pixels` uint8 [batch, S, S, 3] sRGB -> transpose to NCHW -> (x - 127) / 128 -> backbone ->
unit length -> linear projection -> unit length -> `embedding` float32 [batch, D].

The scaling is written as DequantizeLinear(scale 1/128, zero point 127), which is the same affine map; it lets
the quantised encoder feed the decoder's bytes to the first integer convolution as they are.
"""
import argparse
import shutil

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PIXEL_SCALE, PIXEL_ZERO_POINT = 1 / 128, 127


def build(backbone: onnx.ModelProto, matrix: np.ndarray, offset: np.ndarray) -> onnx.ModelProto:
    """Wraps a backbone (`pixel_values` float32 NCHW -> `embedding`) into the encoder graph.

    `matrix` float32 [features, D] and `offset` float32 [D] map the backbone's unit-length features f to
    f @ matrix + offset.
    """
    graph = backbone.graph
    size = graph.input[0].type.tensor_type.shape.dim[2].dim_value
    inner_in, inner_out = graph.input[0].name, graph.output[0].name
    for node in graph.node:
        node.input[:] = [rename(name, inner_in, inner_out) for name in node.input]
        node.output[:] = [rename(name, inner_in, inner_out) for name in node.output]
    for i, node in enumerate(graph.node):
        node.name = node.name or f"{node.op_type}_{i}"
    constants = {
        "pixel_scale": np.float32(PIXEL_SCALE),
        "pixel_zero_point": np.uint8(PIXEL_ZERO_POINT),
        "projection_matrix": matrix.astype(np.float32),
        "projection_offset": offset.astype(np.float32),
    }
    before = [
        helper.make_node("Transpose", ["pixels"], ["pixels_nchw"], "to_nchw", perm=[0, 3, 1, 2]),
        helper.make_node(
            "DequantizeLinear", ["pixels_nchw", "pixel_scale", "pixel_zero_point"], ["scaled_pixels"], "scale_pixels"
        ),
    ]
    after = [
        helper.make_node("LpNormalization", ["features"], ["unit_features"], "unit_features", axis=1, p=2),
        helper.make_node(
            "Gemm", ["unit_features", "projection_matrix", "projection_offset"], ["projected"], "projection"
        ),
        helper.make_node("LpNormalization", ["projected"], ["embedding"], "unit_embedding", axis=1, p=2),
    ]
    encoder = helper.make_graph(
        before + list(graph.node) + after,
        "encoder",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", size, size, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", matrix.shape[1]])],
        list(graph.initializer) + [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(encoder, opset_imports=backbone.opset_import, ir_version=backbone.ir_version)
    onnx.checker.check_model(model, full_check=True)
    return model


def rename(name: str, inner_in: str, inner_out: str) -> str:
    """The backbone's own input and output names, as they are called inside the encoder."""
    return {inner_in: "scaled_pixels", inner_out: "features"}.get(name, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", required=True, help="ONNX backbone without classifier")
    parser.add_argument("--projection", required=True, help="projection.npz of fit_projection.py")
    parser.add_argument("--out", required=True, help="the float encoder")
    parser.add_argument("--copy-backbone", help="also copy the backbone here, as it is")
    args = parser.parse_args()
    if args.copy_backbone:
        shutil.copyfile(args.backbone, args.copy_backbone)
    fitted = np.load(args.projection)
    onnx.save(build(onnx.load(args.backbone), fitted["matrix"], fitted["offset"]), args.out)
    print(f"{args.out}: {fitted['matrix'].shape[1]} dimensions")


if __name__ == "__main__":
    main()
