"""Writes testdata/*.safetensors below bench/zeroshot, bench/retrieval and bench/probe: what open_clip, CLIP_benchmark and
scikit-learn say about made-up features.

Run from the repository root. The features lean towards their class, or caption, so that between a third and nine tenths are right.
"""
import importlib.metadata
import os
import sys

PINNED = {"torch": "2.11.0", "safetensors": "0.8.0", "scikit-learn": "1.9.1", "open_clip_torch": "3.3.0", "clip-benchmark": "1.6.2"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found.split("+")[0] != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import numpy as np
import open_clip
import torch
from clip_benchmark.metrics import zeroshot_retrieval
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, top_k_accuracy_score
from sklearn.neighbors import KNeighborsClassifier

generator = torch.Generator().manual_seed(2402)


def normal(*shape):
    return torch.randn(*shape, generator=generator)


def write(name, tensors):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    tensors = {key: torch.as_tensor(np.asarray(value)).contiguous() for key, value in tensors.items()}
    save_file(tensors, name, metadata={k: v for k, v in PINNED.items()})


class Looked:
    """A CLIP whose text features are looked up by the number that stands for a prompt."""

    def __init__(self, texts):
        self.texts = texts

    def encode_text(self, numbers, normalize):
        features = self.texts[numbers]
        return torch.nn.functional.normalize(features, dim=-1) if normalize else features


def zeroshot(classes=12, width=16, images=240):
    templates = open_clip.SIMPLE_IMAGENET_TEMPLATES
    centres = normal(classes, width)
    texts = (centres[:, None] + 1.5 * normal(classes, len(templates), width)) * (0.5 + torch.rand(classes, len(templates), 1, generator=generator))
    names = [f"class {c}" for c in range(classes)]
    prompts = [t(c) for c in names for t in templates]
    numbers = {prompt: i for i, prompt in enumerate(prompts)}
    tokenizer = lambda batch: torch.tensor([numbers[prompt] for prompt in batch])
    weights = open_clip.build_zero_shot_classifier(
        Looked(texts.reshape(-1, width)), tokenizer, names, templates, num_classes_per_batch=5, device="cpu").T  # [C, D]
    labels = torch.randint(classes, (images,), generator=generator)
    features = centres[labels] + 1.8 * normal(images, width)
    logits = 100 * torch.nn.functional.normalize(features, dim=-1) @ weights.T
    top1, top5 = (top_k_accuracy_score(labels, logits, k=k) for k in (1, 5))  # clip_benchmark's own fails with this numpy
    write("bench/zeroshot/testdata/zeroshot.safetensors", {
        "texts": texts, "weights": weights, "images": features, "labels": labels, "predicted": logits.argmax(1),
        "figures": np.array([top1, top5, balanced_accuracy_score(labels, logits.argmax(1))]),
        "prompts": np.frombuffer("\n".join(prompts).encode(), np.uint8).copy(),
    })


class Images(torch.nn.Module):
    """A CLIP whose inputs are its features."""

    encode_image = encode_text = staticmethod(lambda x: x)


def retrieval(images=60, captions=(1, 7), width=8):
    counts = torch.randint(*captions, (images,), generator=generator)
    of = torch.repeat_interleave(torch.arange(images), counts)
    features = normal(images, width)
    texts = 3 * (features[of] + 1.5 * normal(len(of), width))
    loader = [(features[i:i + 7], [list(texts[of == j]) for j in range(i, min(i + 7, images))]) for i in range(0, images, 7)]
    figures = zeroshot_retrieval.evaluate(Images(), loader, torch.stack, "cpu", amp=False, recall_k_list=[1, 5, 10])
    write("bench/retrieval/testdata/retrieval.safetensors", {
        "images": features, "texts": texts, "of": of,
        "image_to_text": np.array([figures[f"text_retrieval_recall@{k}"] for k in (1, 5, 10)]),
        "text_to_image": np.array([figures[f"image_retrieval_recall@{k}"] for k in (1, 5, 10)]),
    })


def probe(classes, width, spread, c, tensors, name):
    centres = normal(classes, width)
    labels = torch.randint(classes, (400,), generator=generator)
    features = centres[labels] + spread * normal(400, width)
    train, test = slice(0, 240), slice(240, 400)
    linear = LogisticRegression(C=c, tol=1e-10, max_iter=10000).fit(features[train].double().numpy(), labels[train])
    weigh = lambda distance: np.exp(-distance / 0.07)
    knn = KNeighborsClassifier(20, weights=weigh, algorithm="brute", metric="cosine").fit(features[train].double().numpy(), labels[train])
    tensors.update({
        f"{name}.features": features, f"{name}.labels": labels, f"{name}.c": np.array([c]),
        f"{name}.weights": linear.coef_, f"{name}.intercept": linear.intercept_,
        f"{name}.predicted": linear.predict(features[test].double().numpy()), f"{name}.knn": knn.predict(features[test].double().numpy()),
    })
    print(name, (tensors[f"{name}.predicted"] == labels[test].numpy()).mean(), (tensors[f"{name}.knn"] == labels[test].numpy()).mean())


zeroshot()
retrieval()
tensors = {}
probe(6, 12, 2.0, 0.316, tensors, "six")
probe(2, 12, 3.0, 0.316, tensors, "two")
probe(4, 20, 2.0, 100.0, tensors, "weak penalty")
write("bench/probe/testdata/probe.safetensors", tensors)
