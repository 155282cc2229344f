"""The other side of mclclip bench speed --plain-torch: open_clip's training step with nothing but PyTorch, for machines that
have nothing else. Weights, captions and pixels come from the files that our side made. Protocol and flags are those of
reference.py.
"""
import argparse
import json
import math
import os
import resource
import struct
import sys
import time
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not come between the answers


def arguments():
    p = argparse.ArgumentParser()
    for name in ("work", "precision", "device"):
        p.add_argument("--" + name, required=True)
    for name in ("batch-size", "steps", "threads", "workers"):
        p.add_argument("--" + name, type=int, required=True)
    p.add_argument("--material", type=Path, required=True)
    p.add_argument("--model-folder", type=Path, required=True)
    p.add_argument("--compile", action="store_true")
    return p.parse_args()


class Block(nn.Module):
    """open_clip's ResidualAttentionBlock."""

    def __init__(self, width, heads, ratio):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        hidden = int(width * ratio)
        self.mlp = nn.Sequential(OrderedDict(c_fc=nn.Linear(width, hidden), gelu=nn.GELU(), c_proj=nn.Linear(hidden, width)))

    def forward(self, x, mask):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp(self.ln_2(x))


class Blocks(nn.Module):
    def __init__(self, width, layers, heads, ratio):
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, heads, ratio) for _ in range(layers))

    def forward(self, x, mask=None):
        for block in self.resblocks:
            x = block(x, mask)
        return x


class Visual(nn.Module):
    def __init__(self, c, embed):
        super().__init__()
        width, patch = c["width"], c["patch_size"]
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty((c["image_size"] // patch) ** 2 + 1, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = Blocks(width, c["layers"], width // c.get("head_width", 64), c.get("mlp_ratio", 4.0))
        self.proj = nn.Parameter(torch.empty(width, embed))

    def forward(self, pixels):
        x = self.conv1(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.to(x.dtype).expand(len(x), 1, -1), x], 1) + self.positional_embedding.to(x.dtype)
        return self.ln_post(self.transformer(self.ln_pre(x)))[:, 0] @ self.proj


class Clip(nn.Module):
    def __init__(self, config):
        super().__init__()
        t, embed = config["text_cfg"], config["embed_dim"]
        self.visual = Visual(config["vision_cfg"], embed)
        self.token_embedding = nn.Embedding(t["vocab_size"], t["width"])
        self.positional_embedding = nn.Parameter(torch.empty(t["context_length"], t["width"]))
        self.transformer = Blocks(t["width"], t["layers"], t["heads"], t.get("mlp_ratio", 4.0))
        self.ln_final = nn.LayerNorm(t["width"])
        self.text_projection = nn.Parameter(torch.empty(t["width"], embed))
        self.logit_scale = nn.Parameter(torch.empty([]))
        mask = torch.full((t["context_length"],) * 2, -math.inf).triu(1)
        self.register_buffer("mask", mask, persistent=False)

    def encode_image(self, pixels):
        return self.visual(pixels)

    def encode_text(self, tokens):
        x = self.token_embedding(tokens)
        x = self.ln_final(self.transformer(x + self.positional_embedding.to(x.dtype), self.mask))
        return x[torch.arange(len(x), device=x.device), tokens.argmax(-1)] @ self.text_projection

    def forward(self, pixels, tokens):
        return F.normalize(self.encode_image(pixels), dim=-1), F.normalize(self.encode_text(tokens), dim=-1), self.logit_scale.exp()


def read_safetensors(path):
    raw = path.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    out, data = {}, bytearray(raw[8 + size:])
    for name, entry in json.loads(raw[8 : 8 + size]).items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32", name
            begin, end = entry["data_offsets"]
            out[name] = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin).reshape(entry["shape"])
    return out


def load_model(args):
    torch.set_num_threads(args.threads)
    config = json.loads((args.model_folder / "open_clip_config.json").read_text())
    model = Clip(config["model_cfg"])
    model.load_state_dict(read_safetensors(args.model_folder / "open_clip_model.safetensors"))
    return model.to(args.device), config


def batches(args, config):
    """Normalised pixels and token ids of each step, in pinned memory where there is a GPU."""
    size, context, pin = config["model_cfg"]["vision_cfg"]["image_size"], config["model_cfg"]["text_cfg"]["context_length"], args.device != "cpu"
    folder = args.material / f"arrays-{size}-{context}"
    pixels = torch.frombuffer(bytearray((folder / "pixels.u8").read_bytes()), dtype=torch.uint8).reshape(-1, 3, size, size)
    tokens = torch.frombuffer(bytearray((folder / "tokens.i32").read_bytes()), dtype=torch.int32).reshape(-1, context).long()
    mean, std = (torch.tensor(config["preprocess_cfg"][k]).reshape(1, 3, 1, 1) for k in ("mean", "std"))
    made = []
    for step in range(args.steps):
        rows = slice(step * args.batch_size, (step + 1) * args.batch_size)
        x, ids = (pixels[rows].float() / 255 - mean) / std, tokens[rows]
        made.append((x.pin_memory(), ids.pin_memory()) if pin else (x, ids))
    return made


def loss_of(image, text, scale):
    logits = scale * image @ text.T
    labels = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def autocast(args):
    return torch.amp.autocast(torch.device(args.device).type, dtype=torch.bfloat16, enabled=args.precision == "amp_bf16")


def finetune(args):
    model, config = load_model(args)
    model.train()
    data = batches(args, config)
    run = torch.compile(model) if args.compile else model

    def exclude(n, p):
        return p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n

    named = list(model.named_parameters())
    groups = [
        {"params": [p for n, p in named if exclude(n, p)], "weight_decay": 0.0},
        {"params": [p for n, p in named if not exclude(n, p)], "weight_decay": 0.1},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-5, betas=(0.9, 0.98), eps=1e-6)

    def round_():
        losses = []
        for pixels, tokens in data:
            optimizer.zero_grad()
            with autocast(args):
                loss = loss_of(*run(pixels.to(args.device, non_blocking=True), tokens.to(args.device, non_blocking=True)))
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                model.logit_scale.clamp_(0, math.log(100))
            losses.append(loss.item())
        return args.steps * args.batch_size, losses

    return round_


def embed_images(args):
    model, config = load_model(args)
    model.eval()
    data = batches(args, config)
    run = torch.compile(model.encode_image) if args.compile else model.encode_image

    def round_():
        values = []
        with torch.inference_mode(), autocast(args):
            for pixels, _ in data:
                values += run(pixels.to(args.device, non_blocking=True))[-1, :8].float().tolist()
        return args.steps * args.batch_size, values

    return round_


def peak_memory(args):
    if args.device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return torch.cuda.max_memory_allocated(args.device)


def main():
    args = arguments()
    round_ = {"finetune": finetune, "embed-images": embed_images}[args.work](args)
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        if line.strip() != "round":
            sys.exit(f"unknown request {line!r}")
        cpu, began = time.process_time(), time.perf_counter()
        items, values = round_()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        answer = {"items": items, "seconds": seconds, "cpu_seconds": cpu, "values": values, "peak_rss_bytes": peak_memory(args)}
        print(json.dumps(answer), file=answers, flush=True)


main()
