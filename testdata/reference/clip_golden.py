"""Writes the parity goldens of packages nn, vision, text and clip with open_clip's own classes.

Run from the repository root; another output folder than clip/testdata may be given.

  quickgelu.safetensors, gelu.safetensors   weights, inputs, intermediates, features, logits and loss of a small CLIP
  quickgelu-grads.safetensors, gelu-...     the gradient of that loss for every parameter
  curves.safetensors                        20 AdamW steps from quickgelu's weights, from two values of the logit scale
  loss.safetensors                          the loss whose softmax sees only the anchor's own block, with gradients
  folder/                                   a model folder as open_clip saves it, and what open_clip computes from it
  lock.json                                 what stays trainable in a locked tower, by number of unlocked groups or layers
  init.json                                 the spread of every parameter in a fresh model
  presets.json                              size and names of the published models

Names in the files: weight/ and grad/ and a parameter's name, mid/ and a place in the model, else the thing's own name.
"""
import hashlib
import importlib.metadata
import json
import math
import sys
from pathlib import Path

PINNED = {"torch": "2.11.0", "open_clip_torch": "3.3.0", "safetensors": "0.8.0"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import open_clip
import torch
import torch.nn.functional as F
from open_clip.loss import ClipLoss
from open_clip.model import CLIP
from open_clip.push_to_hf_hub import save_config_for_hf
from safetensors.torch import save_file

VERSIONS = " ".join(f"{p}=={v}" for p, v in PINNED.items())
VOCAB, CONTEXT = 64, 77  # the highest id ends a caption, as in CLIP's vocabulary

# Widths, heads and layers differ between the towers, so that a mix-up shows.
CONFIGS = {
    "quickgelu": dict(
        embed_dim=16, quick_gelu=True,
        vision_cfg=dict(image_size=16, layers=2, width=32, head_width=8, patch_size=4),
        text_cfg=dict(context_length=CONTEXT, vocab_size=VOCAB, width=24, heads=2, layers=2),
    ),
    "gelu": dict(
        embed_dim=12,
        # ViT-g-14's ratio: the hidden width is cut to a whole number, 104 here
        vision_cfg=dict(image_size=24, layers=2, width=24, head_width=12, mlp_ratio=4.3637, patch_size=8),
        text_cfg=dict(context_length=CONTEXT, vocab_size=VOCAB, width=32, heads=4, layers=1),
    ),
}


def write(path, tensors, **metadata):
    tensors = {name: t.detach().clone().contiguous() for name, t in tensors.items()}
    # one key: the order of several differs from run to run
    save_file(tensors, path, {"golden": json.dumps({"versions": VERSIONS, **metadata})})
    size = path.stat().st_size
    assert size <= 300_000, f"{path} has {size} bytes"
    print(f"{path.name:30} {size:7}")


def write_json(path, value):
    path.write_text(json.dumps({"versions": VERSIONS, **value}, indent=1, sort_keys=True) + "\n")
    print(f"{path.name:30} {path.stat().st_size:7}")


def captions(generator, count):
    """Random ids between a start token and the end token, padded with 0; one fills the context."""
    rows = torch.zeros(count, CONTEXT, dtype=torch.long)
    for i in range(count):
        length = CONTEXT if i == 1 else int(torch.randint(3, 12, (), generator=generator))
        rows[i, :length] = torch.randint(1, VOCAB - 2, (length,), generator=generator)
        rows[i, 0], rows[i, length - 1] = VOCAB - 2, VOCAB - 1
    return rows


def batch(generator, config, count):
    size = config["vision_cfg"]["image_size"]
    return torch.randn(count, 3, size, size, generator=generator), captions(generator, count)


def twins(generator, config):
    """Six pairs of which two are the same: a model that fits them has a loss of ln 2 / 3, not 0, and a growing logit scale."""
    pixels, tokens = batch(generator, config, 6)
    pixels[5], tokens[5] = pixels[4], tokens[4]
    return pixels, tokens


def loss_of(model, pixels, tokens):
    image, text = F.normalize(model.encode_image(pixels), dim=-1), F.normalize(model.encode_text(tokens), dim=-1)
    return ClipLoss()(image, text, model.logit_scale.exp())


def adamw(model, lr=1e-3):
    """open_clip_train's parameter groups."""
    exclude = lambda n, p: p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n
    named = list(model.named_parameters())
    groups = [
        {"params": [p for n, p in named if exclude(n, p)], "weight_decay": 0.0},
        {"params": [p for n, p in named if not exclude(n, p)], "weight_decay": 0.2},
    ]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), eps=1e-6)


def train(model, batches, steps, bound=math.log(100)):
    """The losses before each step; the logit scale is clamped to [0, ln 100] after each, as open_clip_train does."""
    optimizer, losses = adamw(model), []
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model, *batches[step % len(batches)])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, bound)
        losses.append(loss.item())
    return losses


def used_model(config, generator, batches):
    """A model whose biases and norms are not at their start values of 0 and 1, and that fits its batches at a scale of 100."""
    torch.manual_seed(0)
    model = CLIP(**config, init_logit_scale=math.log(100))
    with torch.no_grad():
        for n, p in model.named_parameters():
            if n != "logit_scale":
                p.add_(0.1 * torch.randn(p.shape, generator=generator))
    train(model, batches, 40)
    with torch.no_grad():
        model.logit_scale.fill_(math.log(1 / 0.07))
    return model


def record(model, pixels, tokens):
    """The outputs of the model's parts by their place; of the text tower the first 12 positions."""
    places = {"visual.conv1", "visual.ln_pre", "visual.ln_post"}
    for tower in ("visual.transformer.resblocks", "transformer.resblocks"):
        places |= {f"{tower}.{i}" for i in range(2)} | {f"{tower}.0.{part}" for part in ("ln_1", "attn", "ln_2", "mlp")}
    seen, hooks = {}, []
    for name, module in model.named_modules():
        if name in places:
            def keep(module, args, output, name=name):
                output = output[0] if isinstance(output, tuple) else output
                seen["mid/" + name] = output if name.startswith("visual.") else output[:, :12]
            hooks.append(module.register_forward_hook(keep))
    seen["image"], seen["text"] = model.encode_image(pixels), model.encode_text(tokens)
    for hook in hooks:
        hook.remove()
    return seen


def parity(out, name):
    config, generator = CONFIGS[name], torch.Generator().manual_seed(1)
    batches = [twins(generator, config) for _ in range(3)]
    model = used_model(config, generator, batches)
    pixels, tokens = batch(generator, config, 3)
    weights = {"weight/" + n: p for n, p in model.state_dict().items()}
    seen = record(model, pixels, tokens)
    model.zero_grad()
    image, text = F.normalize(seen["image"], dim=-1), F.normalize(seen["text"], dim=-1)
    logits = model.logit_scale.exp() * image @ text.T
    loss = ClipLoss()(image, text, model.logit_scale.exp())
    loss.backward()
    write(out / f"{name}.safetensors", {**weights, **seen, "pixels": pixels, "tokens": tokens, "logits": logits, "loss": loss},
          model_cfg=config)
    grads = {"grad/" + n: p.grad for n, p in model.named_parameters()}
    assert all(g.abs().max() > 0 for g in grads.values())
    write(out / f"{name}-grads.safetensors", grads)
    return model, batches


def curves(out, model, batches):
    """Two curves from the same weights: the usual logit scale, and one just below its bound."""
    start, tensors = {n: p.clone() for n, p in model.state_dict().items()}, {}

    def curve(scale, **bound):
        model.load_state_dict(start)
        with torch.no_grad():
            model.logit_scale.fill_(scale)
        return torch.tensor(train(model, batches, 20, **bound))

    for name, scale in {"usual": math.log(1 / 0.07), "bound": math.log(100) - 0.0005}.items():
        free = curve(scale, bound=math.inf)
        loss = curve(scale)
        tensors[f"{name}/start"], tensors[f"{name}/loss"] = torch.tensor(scale), loss
        tensors[f"{name}/logit_scale"] = model.logit_scale.clone()
        tensors[f"{name}/ln_post"] = model.visual.ln_post.weight.clone()
        effect = ((free - loss) / loss).abs().max()
        assert (effect > 1e-3) if name == "bound" else (effect == 0), f"{name}: without the clamp the losses move by {effect}"
    for i, (pixels, tokens) in enumerate(batches):
        tensors[f"pixels/{i}"], tensors[f"tokens/{i}"] = pixels, tokens
    write(out / "curves.safetensors", tensors)


def block_loss(out):
    generator = torch.Generator().manual_seed(2)
    b, width = 12, 5
    tensors = {
        "image": torch.randn(b, width, generator=generator), "text": torch.randn(b, width, generator=generator),
        "logit_scale": torch.tensor(2.0),
    }
    for groups in (1, 2, 3, 6):
        image, text, scale = (tensors[n].clone().requires_grad_() for n in ("image", "text", "logit_scale"))
        logits = scale.exp() * F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).T
        block = torch.arange(b) // (b // groups)
        logits = logits.masked_fill(block[:, None] != block[None, :], float("-inf"))
        loss = (F.cross_entropy(logits, torch.arange(b)) + F.cross_entropy(logits.T, torch.arange(b))) / 2
        loss.backward()
        tensors |= {f"{groups}/loss": loss, f"{groups}/image": image.grad, f"{groups}/text": text.grad, f"{groups}/logit_scale": scale.grad}
    write(out / "loss.safetensors", tensors)


def folder(out):
    """As open_clip's save_for_hf writes it, less the tokenizer; half of the tensors in other precisions."""
    torch.manual_seed(3)
    config = dict(
        embed_dim=8, quick_gelu=True,
        vision_cfg=dict(image_size=8, layers=1, width=16, head_width=8, patch_size=4),
        text_cfg=dict(context_length=12, vocab_size=VOCAB, width=16, heads=2, layers=1),
    )
    model = CLIP(**config)
    out.mkdir(exist_ok=True)
    casts = [torch.float32, torch.float16, torch.bfloat16]
    state = {n: p.to(casts[i % 3]) for i, (n, p) in enumerate(model.state_dict().items())}
    save_file(state, out / "open_clip_model.safetensors", {"format": "pt"})
    open_clip.model.set_model_preprocess_cfg(model, {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.25, 0.3), "interpolation": "bicubic", "resize_mode": "shortest"})
    save_config_for_hf(model, out / "open_clip_config.json", config)
    model = open_clip.create_model(f"local-dir:{out}")
    generator = torch.Generator().manual_seed(4)
    pixels = torch.randn(2, 3, 8, 8, generator=generator)
    tokens = torch.tensor([[62, 5, 63] + [0] * 9, [62, 7, 9, 11, 63] + [0] * 7])
    write(out.parent / "folder.safetensors", {"pixels": pixels, "tokens": tokens, "image": model.encode_image(pixels), "text": model.encode_text(tokens)})


def lock(out, config):
    trainable = {}
    for groups in range(6):
        model = CLIP(**config)
        model.lock_image_tower(unlocked_groups=groups)
        trainable[str(groups)] = [n for n, p in model.named_parameters() if p.requires_grad and n.startswith("visual.")]
    text = {}
    for layers in range(6):
        model = CLIP(**config)
        model.lock_text_tower(unlocked_layers=layers)
        text[str(layers)] = [n for n, p in model.named_parameters() if p.requires_grad and not n.startswith("visual.")]
    write_json(out / "lock.json", {"image": trainable, "text": text, "model_cfg": config})


def init(out):
    torch.manual_seed(5)
    config = dict(
        embed_dim=96, vision_cfg=dict(image_size=64, layers=2, width=128, head_width=32, patch_size=8),
        text_cfg=dict(context_length=CONTEXT, vocab_size=512, width=96, heads=4, layers=2),
    )
    spread = {}
    for n, p in CLIP(**config).named_parameters():
        std = p.std(correction=0).item()
        spread[n] = {"shape": list(p.shape), "mean": p.mean().item(), "std": std, "max": p.abs().max().item()}
    write_json(out / "init.json", {"model_cfg": config, "spread": spread})


PRESETS = [
    "ViT-B-32", "ViT-B-32-quickgelu", "ViT-B-16", "ViT-B-16-quickgelu", "ViT-L-14", "ViT-L-14-quickgelu", "ViT-L-14-336", "ViT-L-14-336-quickgelu",
    "ViT-H-14", "ViT-H-14-quickgelu", "ViT-g-14", "ViT-bigG-14", "ViT-bigG-14-quickgelu",
]


def presets(out):
    """The SHA-256 of the lines "name shape\\n" of all parameters, in the order of the names."""
    sizes = {}
    for name in PRESETS:
        config = open_clip.get_model_config(name)
        with torch.device("meta"):
            parameters = sorted((n, list(p.shape)) for n, p in CLIP(**config).named_parameters())
        lines = "".join(f"{n} {' '.join(map(str, shape))}\n" for n, shape in parameters)
        count = sum(math.prod(shape) for _, shape in parameters)
        vision, text = config["vision_cfg"], config["text_cfg"]
        heads = [vision["width"] // vision.get("head_width", 64), text["heads"]]
        sizes[name] = {"heads": heads, "count": count, "sha256": hashlib.sha256(lines.encode()).hexdigest(), "quick_gelu": config.get("quick_gelu", False)}
    write_json(out / "presets.json", {"presets": sizes})


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "clip/testdata")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model, batches = parity(out, "quickgelu")
    curves(out, model, batches)
    parity(out, "gelu")
    block_loss(out)
    folder(out / "folder")
    lock(out, CONFIGS["quickgelu"])
    init(out)
    presets(out)


if __name__ == "__main__":
    main()
