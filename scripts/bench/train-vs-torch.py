"""PyTorch's side of train-vs-torch.mjs: the same training step, timed. Needs torch and onnx (both on PyPI).

Builds the network from the ONNX file, so that both sides run the same one; channels_last, fused AdamW, frozen blocks
without gradient. Prints one JSON line.
"""

import argparse
import json
import re
import resource
import time

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


class Network(torch.nn.Module):
    """An ONNX graph of Conv, Clip(0, 6), Add, GlobalAveragePool and Flatten."""

    def __init__(self, path, trainable):
        super().__init__()
        graph = onnx.load(path).graph
        values = {i.name: torch.tensor(numpy_helper.to_array(i)) for i in graph.initializer}
        self.steps, self.weights = [], torch.nn.ParameterDict()
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Conv":
                for name in node.input[1:]:
                    value = values[name]
                    if value.dim() == 4:
                        value = value.contiguous(memory_format=torch.channels_last)
                    self.weights[name.replace(".", "/")] = torch.nn.Parameter(value, bool(trainable.search(name)))
            self.steps.append((node.op_type, list(node.input), node.output[0], attributes))
        self.input, self.output = graph.input[0].name, graph.output[0].name

    def forward(self, x):
        values = {self.input: x}
        for op, inputs, output, attributes in self.steps:
            x = values[inputs[0]]
            if op == "Conv":
                w, b = (self.weights[name.replace(".", "/")] for name in inputs[1:])
                top, left, bottom, right = attributes["pads"]
                pad = (top, left)
                if (top, left) != (bottom, right):
                    x, pad = F.pad(x, (left, right, top, bottom)), 0
                # Frozen layers build no graph, because their inputs and weights need no gradient.
                y = F.conv2d(x, w, b, attributes["strides"], pad, 1, attributes["group"])
            elif op == "Clip":
                y = F.relu6(x)
            elif op == "Add":
                y = x + values[inputs[1]]
            elif op == "GlobalAveragePool":
                y = x.mean((2, 3), keepdim=True)
            elif op == "Flatten":
                y = x.flatten(1)
            else:
                raise SystemExit(f"{op} is not part of this benchmark")
            values[output] = y
        return values[self.output]


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--trainable", required=True, help="regular expression over initialiser names")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    started = peak_mb()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    net = Network(args.backbone, re.compile(args.trainable))
    weights = [w for w in net.parameters() if w.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=1e-5, weight_decay=0.05, fused=True)
    labels = torch.arange(args.batch) // 2
    positive = (labels[:, None] == labels[None, :]) & ~torch.eye(args.batch, dtype=torch.bool)
    # The same noise in [-1, 1) as in train-vs-torch.mjs, so that the losses can be compared.
    index = np.arange(args.batch * 3 * args.size**2, dtype=np.uint64)
    noise = (index * np.uint64(2654435761) % np.uint64(2**32)).astype(np.float64) / 2**31 - 1
    pixels = torch.tensor(noise.astype(np.float32)).view(args.batch, 3, args.size, args.size)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(args.steps):
        start = time.perf_counter()
        z = F.normalize(net(pixels))
        logits = (z @ z.T / 0.1).masked_fill(torch.eye(args.batch, dtype=torch.bool), -1e9)
        loss = -logits.log_softmax(1)[positive].mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        times.append((time.perf_counter() - start) * 1000)
    result = {"torch": torch.__version__, "weights": len(weights), "loss": loss.item(), "ms": times}
    print(json.dumps(result | {"startMb": started, "peakMb": peak_mb()}))


main()
