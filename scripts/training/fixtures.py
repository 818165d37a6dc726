"""Writes test/fixtures/training/*.json: gradients, losses and ten AdamW steps as PyTorch computes them.

The tests hold pawdex's own graphs against these numbers. Needs torch (any version since 2.0, on the CPU):

    python3 -m venv venv && venv/bin/pip install torch
    venv/bin/python scripts/training/fixtures.py

Each network is small and written out by hand, once here and once in test/training/autodiff/networks.ts; weights and
inputs are in the fixture, so that both sides start from the same numbers.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).resolve().parents[2] / "test" / "fixtures" / "training"
TEMPERATURE = 0.2
LABELS = [0, 0, 1, 1, 2, 2]
OPTIMISER = {"learningRate": 3e-3, "weightDecay": 0.05, "clipNorm": 0.5}


def weight(*shape):
    fan = max(1, int(torch.tensor(shape[1:]).prod())) if len(shape) > 1 else 4
    return (torch.rand(*shape) * 2 - 1) * (3.0 / fan) ** 0.5


def mobile():
    """Inverted residuals: stem of stride 2 with asymmetric pads, depthwise 3x3 and 5x5, squeeze-and-excite."""
    w = {
        "stem.w": weight(4, 3, 3, 3), "stem.b": weight(4),
        "expand.w": weight(8, 4, 1, 1), "expand.b": weight(8),
        "depth.w": weight(8, 1, 3, 3), "depth.b": weight(8),
        "squeeze.w": weight(2, 8, 1, 1), "squeeze.b": weight(2),
        "excite.w": weight(8, 2, 1, 1), "excite.b": weight(8),
        "project.w": weight(4, 8, 1, 1), "project.b": weight(4),
        "depth2.w": weight(4, 1, 5, 5), "depth2.b": weight(4),
        "head.w": weight(5, 4, 1, 1), "head.b": weight(5),
    }

    def forward(p, x):
        x = F.conv2d(F.pad(x, (0, 1, 0, 1)), p["stem.w"], p["stem.b"], stride=2).clamp(0, 6)
        h = F.conv2d(x, p["expand.w"], p["expand.b"])
        h = h * torch.sigmoid(h)
        h = F.hardswish(F.conv2d(h, p["depth.w"], p["depth.b"], padding=1, groups=8))
        s = F.relu(F.conv2d(h.mean((2, 3), keepdim=True), p["squeeze.w"], p["squeeze.b"]))
        h = h * F.hardsigmoid(F.conv2d(s, p["excite.w"], p["excite.b"]))
        x = x + F.conv2d(h, p["project.w"], p["project.b"])
        x = F.conv2d(x, p["depth2.w"], p["depth2.b"], padding=2, stride=2, groups=4)
        return F.conv2d(x, p["head.w"], p["head.b"]).clamp(0, 6).mean((2, 3))

    return w, forward, torch.rand(6, 3, 13, 13) * 2 - 1


def residual():
    """ResNet-like: batch normalisation by batch statistics, max pooling, a strided 1x1 shortcut, grouped, dilated."""
    w = {
        "stem.w": weight(6, 3, 3, 3), "bn1.scale": 1 + 0.2 * weight(6), "bn1.bias": 0.2 * weight(6),
        "conv1.w": weight(8, 3, 3, 3), "bn2.scale": 1 + 0.2 * weight(8), "bn2.bias": 0.2 * weight(8),
        "conv2.w": weight(8, 8, 3, 3), "shortcut.w": weight(8, 6, 1, 1), "fc.w": weight(5, 8), "fc.b": weight(5),
    }

    def forward(p, x):
        norm = lambda x, n: F.batch_norm(x, None, None, p[f"{n}.scale"], p[f"{n}.bias"], training=True, eps=1e-3)
        x = F.leaky_relu(norm(F.conv2d(x, p["stem.w"], padding=1), "bn1"), 0.1)
        x = F.max_pool2d(x, 3, 2, 1)
        h = F.relu(norm(F.conv2d(x, p["conv1.w"], stride=2, padding=1, groups=2), "bn2"))
        h = F.conv2d(h, p["conv2.w"], padding=2, dilation=2)
        h = F.relu(h + F.conv2d(x, p["shortcut.w"], stride=2))
        return F.avg_pool2d(h, 2, 1).mean((2, 3)) @ p["fc.w"].T + p["fc.b"]

    return w, forward, torch.rand(6, 3, 12, 12) * 2 - 1


def transformer():
    """A one-layer vision transformer: patches, class token, positions, two heads, GELU, pre-normalisation."""
    d = 8
    w = {
        "patch.w": weight(d, 3, 4, 4), "patch.b": weight(d), "token": weight(1, 1, d), "position": 0.3 * weight(1, 10, d),
        "ln1.scale": 1 + 0.2 * weight(d), "ln1.bias": 0.2 * weight(d), "qkv.w": weight(d, 3 * d), "qkv.b": weight(3 * d),
        "out.w": weight(d, d), "out.b": weight(d), "ln2.scale": 1 + 0.2 * weight(d), "ln2.bias": 0.2 * weight(d),
        "up.w": weight(d, 16), "up.b": weight(16), "down.w": weight(16, d), "down.b": weight(d),
    }

    def forward(p, x):
        n = x.shape[0]
        x = F.conv2d(x, p["patch.w"], p["patch.b"], stride=4).flatten(2).transpose(1, 2)
        x = torch.cat([p["token"].expand(n, 1, d), x], 1) + p["position"]
        h = F.layer_norm(x, (d,), p["ln1.scale"], p["ln1.bias"])
        q, k, v = (h @ p["qkv.w"] + p["qkv.b"]).view(n, 10, 3, 2, d // 2).permute(2, 0, 3, 1, 4)
        a = ((q @ k.transpose(-1, -2)) * (d // 2) ** -0.5).softmax(-1) @ v
        x = x + a.transpose(1, 2).reshape(n, 10, d) @ p["out.w"] + p["out.b"]
        h = F.layer_norm(x, (d,), p["ln2.scale"], p["ln2.bias"])
        x = x + F.gelu(h @ p["up.w"] + p["up.b"]) @ p["down.w"] + p["down.b"]
        return x[:, 0]

    return w, forward, torch.rand(6, 3, 12, 12) * 2 - 1


def sup_con(z):
    labels = torch.tensor(LABELS)
    z = F.normalize(z)
    itself = torch.eye(len(labels), dtype=torch.bool)
    p = (z @ z.T / TEMPERATURE).masked_fill(itself, -1e9).log_softmax(1)
    positive = (labels[:, None] == labels[None, :]) & ~itself
    return -((p * positive).sum(1) / positive.sum(1)).mean()


def flat(tensors):
    return {k: {"shape": list(t.shape), "data": t.detach().flatten().tolist()} for k, t in tensors.items()}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for network in (mobile, residual, transformer):
        torch.manual_seed(7)
        start, forward, x = network()
        start = {k: t.float() for k, t in start.items()}
        # Gradients in double precision, as the reference for float32.
        exact = {k: t.double().requires_grad_() for k, t in start.items()}
        embeddings = forward(exact, x.double())
        loss = sup_con(embeddings)
        loss.backward()
        # The steps in float32, as in training.
        p = {k: t.clone().requires_grad_() for k, t in start.items()}
        adamw = torch.optim.AdamW(p.values(), lr=OPTIMISER["learningRate"], weight_decay=OPTIMISER["weightDecay"])
        losses = []
        for _ in range(10):
            adamw.zero_grad()
            value = sup_con(forward(p, x))
            value.backward()
            torch.nn.utils.clip_grad_norm_(p.values(), OPTIMISER["clipNorm"])
            adamw.step()
            losses.append(value.item())
        fixture = {
            "torch": torch.__version__,
            "temperature": TEMPERATURE,
            "labels": LABELS,
            "optimiser": OPTIMISER,
            "x": flat({"x": x})["x"],
            "weights": flat(start),
            "loss": loss.item(),
            "embeddings": flat({"y": embeddings})["y"],
            "gradients": flat({k: t.grad for k, t in exact.items()}),
            "losses": losses,
            "after": flat(p),
        }
        rounded = json.loads(json.dumps(fixture), parse_float=lambda text: float(f"{float(text):.9g}"))
        path = OUT / f"{network.__name__}.json"
        path.write_text(json.dumps(rounded, separators=(",", ":")) + "\n")
        print(path.name, path.stat().st_size, "bytes; loss", losses[0], "->", losses[-1])


main()
