"""Writes bench/mmvp/testdata/scores.safetensors: what the published MMVP-VLM procedure says about made-up features.

Run from the repository root. The procedure is that of evaluate_vlm.py in tsb0601/MMVP and of MMVP.ipynb in the code of
arXiv 2402.11816, written anew: logits of a statement against the pair's two images, softmax over the images, image 1 if
above 0.5, truth by the parity of the question id, category by counting 15 pairs. Stages are integrated by concatenating
raw features. It is done here with torch in float32, as published, and the features keep clear of float32's ties.
"""
import importlib.metadata
import sys

PINNED = {"torch": "2.11.0", "safetensors": "0.8.0"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found.split("+")[0] != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import torch
from safetensors.torch import save_file

PATTERNS, PAIRS, WIDTH, STAGES = 9, 15, 12, 2
OUT = "bench/mmvp/testdata/scores.safetensors"


def features(generator):
    """A pair's images are alike, and its statements lean towards their own image, as in CLIP's space."""
    pairs = PATTERNS * PAIRS
    common = torch.randn(pairs, 1, WIDTH, generator=generator)
    own = torch.randn(pairs, 2, WIDTH, generator=generator)
    noise = torch.randn(pairs, 2, WIDTH, generator=generator)
    length = 1 + torch.rand(pairs, 2, 1, generator=generator)  # raw features are of any length
    return length * (common + 0.3 * own), 2 * common + 0.3 * own + noise


def probabilities(images, texts):
    """[pairs, 2]: for each statement, the probability of image 1."""
    images = images / images.norm(dim=-1, keepdim=True)
    texts = texts / texts.norm(dim=-1, keepdim=True)
    logits_per_image = 100.0 * images @ texts.transpose(1, 2)  # [pairs, image, statement]
    logits_per_text = logits_per_image.transpose(1, 2)
    return logits_per_text.softmax(dim=-1)[..., 0]


def counts(p):
    right = [0] * PATTERNS
    for pair in range(len(p)):
        ids = 2 * pair + 1, 2 * pair + 2
        predicted = ["img1" if p[pair, s].item() > 0.5 else "img2" for s in range(2)]
        truth = ["img1" if i % 2 == 1 else "img2" for i in ids]
        right[pair // PAIRS] += predicted == truth
    return torch.tensor(right)


generator = torch.Generator().manual_seed(2402)
stages = [features(generator) for _ in range(STAGES)]
models = {f"stage{s}": stages[s] for s in range(STAGES)}
models["integrated"] = tuple(torch.cat([stage[kind] for stage in stages], dim=-1) for kind in range(2))

tensors = {}
for s, (images, texts) in enumerate(stages):
    tensors[f"stage{s}.images"] = images.reshape(-1, WIDTH).contiguous()
    tensors[f"stage{s}.texts"] = texts.reshape(-1, WIDTH).contiguous()
for name, (images, texts) in models.items():
    p = probabilities(images, texts)
    assert (p - 0.5).abs().min() > 1e-4, "a near-tie: choose another seed"
    tensors[name + ".p"] = p.reshape(-1).contiguous()
    tensors[name + ".right"] = counts(p)
    print(name, counts(p).tolist(), counts(p).sum().item())
save_file(tensors, OUT, metadata={"made_by": "testdata/reference/mmvp_golden.py", **PINNED})
