"""Writes train/testdata/training.safetensors: how PyTorch trains with what keeps a model near the one that it starts from.

Run from the repository root; another output folder than train/testdata may be given. Model and batches are those of
clip_golden.py: clip/testdata/quickgelu.safetensors and curves.safetensors. Each curve has 20 AdamW steps of open_clip's recipe.

  decay/      rates of their own for the towers, falling from layer to layer
  ema/        an average of the weights (torch.optim.swa_utils.AveragedModel)
  base/       with the distance of the features from those of the model at the start
  lora/       low-rank matrices beside the linear layers, as parametrisations of their weights
"""
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

import torch
import torch.nn.functional as F
from open_clip.loss import ClipLoss
from open_clip.model import CLIP
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.nn.utils import parametrize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

SOURCE = Path("clip/testdata")
CURVES = load_file(SOURCE / "curves.safetensors")
BATCHES = [(CURVES[f"pixels/{i}"], CURVES[f"tokens/{i}"]) for i in range(3)]
WATCHED = ["visual.conv1.weight", "visual.ln_post.weight", "visual.proj", "ln_final.weight", "positional_embedding", "text_projection"]
DECAY = {"lr": 1e-3, "image_lr": 5e-4, "text_lr": 2e-3, "image_decay": 0.6, "text_decay": 0.8}
EMA, KEEP, RANK, ALPHA = 0.9, 2.0, 2, 4.0


def start():
    with safe_open(SOURCE / "quickgelu.safetensors", "pt") as f:
        config = json.loads(f.metadata()["golden"])["model_cfg"]
        state = {n.removeprefix("weight/"): f.get_tensor(n) for n in f.keys() if n.startswith("weight/")}
    model = CLIP(**config)
    model.load_state_dict(state)
    return model


def features(model, pixels, tokens):
    return F.normalize(model.encode_image(pixels), dim=-1), F.normalize(model.encode_text(tokens), dim=-1)


def clip_loss(model, pixels, tokens):
    return ClipLoss()(*features(model, pixels, tokens), model.logit_scale.exp())


def no_decay(n, p):
    return p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n


def train(model, rate=lambda n: 1e-3, loss_of=clip_loss, after=lambda: None):
    """The losses before each of 20 steps; rate gives the learning rate of a parameter by its name."""
    groups = [{"params": [p], "lr": rate(n), "weight_decay": 0.0 if no_decay(n, p) else 0.2} for n, p in model.named_parameters() if p.requires_grad]
    optimizer, losses = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6), []
    for step in range(20):
        optimizer.zero_grad()
        loss = loss_of(model, *BATCHES[step % 3])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        after()
        losses.append(loss.item())
    return torch.tensor(losses)


def watched(prefix, state):
    return {f"{prefix}/end/{n}": state[n] for n in WATCHED}


def layer(name):
    """Groups from the embedding down, written out for two layers a tower: projection, block 1 and the norm, block 0, the rest."""
    if name.endswith("proj") and "resblocks" not in name or name == "text_projection":
        return 0
    if "resblocks.1." in name or "ln_post" in name or "ln_final" in name:
        return 1
    return 2 if "resblocks.0." in name else 3


def rate_of(name):
    if name == "logit_scale":
        return DECAY["lr"]
    tower = "image" if name.startswith("visual.") else "text"
    return DECAY[f"{tower}_lr"] * DECAY[f"{tower}_decay"] ** layer(name)


def decay():
    model = start()
    losses = train(model, rate_of)
    return {"decay/loss": losses, **watched("decay", model.state_dict())}


def ema():
    model = start()
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(EMA))
    average.update_parameters(model)  # the first call copies
    train(model, after=lambda: average.update_parameters(model))
    return {"ema/loss": clip_loss(average.module, *BATCHES[0]), **watched("ema", average.module.state_dict())}


def base():
    model, first = start(), start()

    def loss_of(model, pixels, tokens):
        ours, theirs = features(model, pixels, tokens), features(first, pixels, tokens)
        distance = sum((1 - F.cosine_similarity(a, b.detach(), dim=-1)).mean() for a, b in zip(ours, theirs))
        return clip_loss(model, pixels, tokens) + KEEP * distance

    losses = train(model, loss_of=loss_of)
    return {"base/loss": losses, **watched("base", model.state_dict())}


class LowRank(torch.nn.Module):
    """A weight plus alpha / rank times B A; several pairs stand for rows of the weight one after the other."""

    def __init__(self, out, width, parts):
        super().__init__()
        self.a = torch.nn.ParameterList(torch.empty(RANK, width).uniform_(-width**-0.5, width**-0.5) for _ in range(parts))
        self.b = torch.nn.ParameterList(torch.zeros(out // parts, RANK) for _ in range(parts))

    def forward(self, weight):
        return weight + ALPHA / RANK * torch.cat([b @ a for a, b in zip(self.a, self.b)])


def with_lora(model):
    """Adapters on every linear layer of the blocks; the names that they have here, and the model with all else frozen."""
    for n, p in model.named_parameters():
        p.requires_grad_(n == "logit_scale")
    adapters = {}
    for tower in ("visual.transformer", "transformer"):
        for i, block in enumerate(model.get_submodule(tower).resblocks):
            for module, weight, names in (
                (block.attn, "in_proj_weight", ["attn.q_proj", "attn.k_proj", "attn.v_proj"]), (block.attn.out_proj, "weight", ["attn.out_proj"]),
                (block.mlp.c_fc, "weight", ["mlp.c_fc"]), (block.mlp.c_proj, "weight", ["mlp.c_proj"]),
            ):
                low = LowRank(*getattr(module, weight).shape, len(names))
                parametrize.register_parametrization(module, weight, low)
                for name, a, b in zip(names, low.a, low.b):
                    adapters[f"{tower}.resblocks.{i}.{name}.lora_A"], adapters[f"{tower}.resblocks.{i}.{name}.lora_B"] = a, b
    return adapters


def lora():
    torch.manual_seed(7)
    model = start()
    adapters = with_lora(model)
    out = {f"lora/start/{n}": p.detach().clone() for n, p in adapters.items() if n.endswith("A")}
    losses = train(model)
    end = {f"lora/end/{n}": p.detach().clone() for n, p in adapters.items()}
    image, text = model.encode_image(BATCHES[0][0]), model.encode_text(BATCHES[0][1])
    model.zero_grad()
    clip_loss(model, *BATCHES[0]).backward()
    grads = {f"lora/grad/{n}": p.grad for n, p in adapters.items()}
    assert all(g.abs().max() > 0 for g in grads.values())
    return {**out, **end, **grads, "lora/loss": losses, "lora/image": image, "lora/text": text}


def main():
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "train/testdata")
    out.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tensors = {**decay(), **ema(), **base(), **lora()}
    tensors = {n: t.detach().clone().contiguous() for n, t in tensors.items()}
    versions = " ".join(f"{p}=={v}" for p, v in PINNED.items())
    settings = {"decay": DECAY, "ema": EMA, "keep_base": KEEP, "rank": RANK, "alpha": ALPHA}
    path = out / "training.safetensors"
    save_file(tensors, path, {"golden": json.dumps({"versions": versions, **settings})})
    assert path.stat().st_size <= 300_000
    print(f"{path.name:30} {path.stat().st_size:7}")


if __name__ == "__main__":
    main()
