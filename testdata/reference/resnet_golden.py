"""Writes the parity goldens of CLIP's ResNet towers with open_clip's own classes; versions as in clip_golden.py.

Run from the repository root; another output folder than clip/testdata may be given.

  resnet.safetensors        weights and running statistics of a small CLIP; its intermediates and features on batch 0 in eval mode
  resnet-grads.safetensors  features and loss on batch 0 in train mode, the running statistics after it, and the gradient of the
                            loss for every parameter of the image tower
  resnet-curve.safetensors  6 AdamW steps in train mode, on batches 0, 1, 2, 0, 1, 2: losses, the running statistics after them,
                            and the features of batch 3 in eval mode; accum/: one step whose batch is fed in two halves
  resnet-init.json          the spread of every parameter in a fresh model
  resnet-presets.json       size, names and configuration of the published models

The pixels are not in the files: noise() makes the same ones everywhere.
"""
import hashlib
import math
import sys
from pathlib import Path

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from clip_golden import CONTEXT, VOCAB, adamw, captions, loss_of, write, write_json
from open_clip.loss import ClipLoss
from open_clip.model import CLIP

# Stage 1 has a block with and one without a shortcut convolution, stages 2 to 4 halve the size.
CONFIG = dict(
    embed_dim=12,
    vision_cfg=dict(image_size=64, layers=[2, 1, 1, 1], width=2, head_width=16, patch_size=None),
    text_cfg=dict(context_length=CONTEXT, vocab_size=VOCAB, width=16, heads=2, layers=1),
)
PAIRS = 6


def noise(seed, count):
    """8-bit pixels by a hash of the place (lowbias32 of Chris Wellons), normalised with mean 0.5 and std 0.25."""
    h = np.arange(count, dtype=np.uint32) + np.uint32(seed * 1_000_003)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x7FEB352D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return (torch.from_numpy((h >> np.uint32(24)).astype(np.float32)) / 255 - 0.5) / 0.25


def batches(generator):
    size = CONFIG["vision_cfg"]["image_size"]
    shape = PAIRS, 3, size, size
    return [(noise(i, math.prod(shape)).reshape(shape), captions(generator, PAIRS)) for i in range(4)]


def used_model(generator, seen):
    """A model whose parameters are not at the start values of 0 and 1, with running statistics of three batches."""
    torch.manual_seed(1)
    model = CLIP(**CONFIG)
    with torch.no_grad():
        for n, p in model.named_parameters():
            if n.endswith("bn3.weight"):
                p.add_(0.5)
            if n != "logit_scale":
                p.add_(0.1 * torch.randn(p.shape, generator=generator))
        for pixels, _ in seen[1:]:
            model.encode_image(pixels)
    return model


def statistics(model):
    return {"stats/" + n: b.clone() for n, b in model.named_buffers() if n.startswith("visual.")}


def mids(model, pixels):
    seen, hooks = {}, []
    for name, module in model.named_modules():
        if name in {"visual.avgpool", "visual.layer1.0", "visual.layer1.1", "visual.layer2", "visual.layer3", "visual.layer4"}:
            keep = lambda module, args, output, name=name: seen.__setitem__("mid/" + name, output[:1].clone())
            hooks.append(module.register_forward_hook(keep))
    with torch.no_grad():
        seen["image"] = model.encode_image(pixels)
    for hook in hooks:
        hook.remove()
    return seen


def parity(out, model, pixels, tokens):
    state = {"weight/" + n: p for n, p in model.state_dict().items()}
    model.eval()
    write(out / "resnet.safetensors", {**state, **mids(model, pixels), "tokens": tokens, "text": model.encode_text(tokens)}, model_cfg=CONFIG)
    model.train()
    image, text = model.encode_image(pixels), model.encode_text(tokens)
    loss = ClipLoss()(F.normalize(image, dim=-1), F.normalize(text, dim=-1), model.logit_scale.exp())
    loss.backward()
    grads = {"grad/" + n: p.grad for n, p in model.named_parameters() if n.startswith("visual.")}
    # A gradient much smaller than its terms would be compared by their rounding. That of the keys' bias is nothing else:
    # softmax does not see what is added to all logits.
    assert all(g.abs().max() > 0.1 for n, g in grads.items() if n != "grad/visual.attnpool.k_proj.bias")
    write(out / "resnet-grads.safetensors", {**grads, **statistics(model), "image": image, "loss": loss})


def accumulated(model, pixels, tokens):
    """open_clip_train's step with --accum-freq 2: features without a graph, then each half again with one."""
    optimizer, halves = adamw(model), [(pixels[i : i + PAIRS // 2], tokens[i : i + PAIRS // 2]) for i in (0, PAIRS // 2)]
    with torch.no_grad():
        kept = [(model.encode_image(p), model.encode_text(t)) for p, t in halves]
    for i, (p, t) in enumerate(halves):
        parts = list(kept)
        parts[i] = model.encode_image(p), model.encode_text(t)
        image, text = (F.normalize(torch.cat(features), dim=-1) for features in zip(*parts))
        loss = ClipLoss()(image, text, model.logit_scale.exp())
        loss.backward()
    # each half adds the whole loss's gradient for the scale, as open_clip_train does; it is no matter of the tower
    model.logit_scale.grad /= 2
    optimizer.step()
    return loss


def curve(out, model, seen):
    start = {n: p.clone() for n, p in model.state_dict().items()}
    optimizer, losses, tensors = adamw(model), [], {}
    for step in range(6):
        optimizer.zero_grad()
        loss = loss_of(model, *seen[step % 3])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    tensors = {**statistics(model), "loss": torch.tensor(losses)}
    model.eval()
    tensors["image"] = model.encode_image(seen[3][0])
    model.load_state_dict(start)
    model.train()
    model.zero_grad()
    tensors["accum/loss"] = accumulated(model, *seen[0])
    tensors |= {"accum/" + n: t for n, t in statistics(model).items()}
    tensors |= {f"tokens/{i}": tokens for i, (_, tokens) in enumerate(seen)}
    write(out / "resnet-curve.safetensors", tensors)


def init(out):
    torch.manual_seed(5)
    config = {**CONFIG, "vision_cfg": {**CONFIG["vision_cfg"], "width": 16}}
    spread = {}
    for n, p in CLIP(**config).named_parameters():
        std = p.std(correction=0).item()
        spread[n] = {"shape": list(p.shape), "mean": p.mean().item(), "std": std, "max": p.abs().max().item()}
    write_json(out / "resnet-init.json", {"model_cfg": config, "spread": spread})


def presets(out):
    """The SHA-256 of the lines "name shape\\n" of the whole state_dict, in the order of the names."""
    sizes = {}
    for name in (f"{size}{end}" for size in ("RN50", "RN101", "RN50x4", "RN50x16", "RN50x64") for end in ("", "-quickgelu")):
        config = open_clip.get_model_config(name)
        with torch.device("meta"):
            model = CLIP(**config)
        state = sorted((n, list(p.shape)) for n, p in model.state_dict().items())
        lines = "".join(f"{n} {' '.join(map(str, shape))}\n" for n, shape in state)
        sizes[name] = {
            "heads": [model.visual.attnpool.num_heads, config["text_cfg"]["heads"]], "count": sum(math.prod(shape) for _, shape in state),
            "sha256": hashlib.sha256(lines.encode()).hexdigest(), "quick_gelu": config.get("quick_gelu", False), "model_cfg": config,
        }
    write_json(out / "resnet-presets.json", {"presets": sizes})


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "clip/testdata")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    generator = torch.Generator().manual_seed(1)
    seen = batches(generator)
    model = used_model(generator, seen)
    start = {n: p.clone() for n, p in model.state_dict().items()}
    parity(out, model, *seen[0])
    model.load_state_dict(start)
    curve(out, model, seen)
    init(out)
    presets(out)


if __name__ == "__main__":
    main()
