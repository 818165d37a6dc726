"""Runs an ONNX model over decoded pixels and stores its output.

    python embed_pixels.py MODEL PIXELS.npy OUT.npy

PIXELS.npy is uint8 [n, S, S, 3] from pixels.mjs. A model that takes uint8 pixels gets them as they are; the
bare float backbone gets (x - 127) / 128 as NCHW. OUT.npy is float32 [n, D].
"""
import argparse

import numpy as np
import onnxruntime as ort


def session(model: str, threads: int = 2) -> ort.InferenceSession:
    """An ONNX Runtime CPU session with the given number of threads."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def embed(model: str, pixels: np.ndarray, batch: int = 8, threads: int = 2) -> np.ndarray:
    """uint8 [n, S, S, 3] -> float32 [n, D], the model's first output."""
    run = session(model, threads)
    spec = run.get_inputs()[0]
    rows = []
    for start in range(0, len(pixels), batch):
        chunk = np.ascontiguousarray(pixels[start : start + batch])
        if spec.type == "tensor(float)":
            chunk = (chunk.transpose(0, 3, 1, 2).astype(np.float32) - 127.0) / 128.0
        rows.append(run.run(None, {spec.name: chunk})[0])
    return np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("pixels")
    parser.add_argument("out")
    parser.add_argument("--batch", type=int, default=8)
    args = parser.parse_args()
    vectors = embed(args.model, np.load(args.pixels, mmap_mode="r"), args.batch)
    np.save(args.out, vectors)
    print(f"{args.out}: {vectors.shape[0]} x {vectors.shape[1]}")


if __name__ == "__main__":
    main()
