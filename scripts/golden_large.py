"""Makes CLIPs of real sizes with random weights in every format, or loads what package clip exported of them.

    golden_large.py make FOLDER MODEL      a model by open_clip's name, such as ViT-B-32 ViT-L-14 RN50 ViT-B-16-SigLIP
    golden_large.py load FOLDER            time and memory of loading it by several libraries in turn
    golden_large.py check FOLDER CASE      after TestLargeWeights: open_clip and transformers load exported/CASE, and compute the same

scripts/golden_large.sh does all three around the test, whose binary lies beside FOLDER.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import open_clip
import torch
from open_clip.model import set_model_preprocess_cfg
from open_clip.push_to_hf_hub import save_config_for_hf
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel, SiglipModel

TOLERANCE = 1e-5


def siglip(name):
    return "timm_model_name" in open_clip.get_model_config(name)["vision_cfg"]


def tokens(name):
    if siglip(name):  # its tokenizer would have to be downloaded
        text = open_clip.get_model_config(name)["text_cfg"]
        return torch.randint(0, text["vocab_size"], (3, text["context_length"]))
    return open_clip.tokenize(["a photo of a cat", "the dog is lying on its back", "3 red cubes, one of them behind a sphere"])


def hf_features(model, pixels, ids):
    if isinstance(model, SiglipModel):
        return model.vision_model(pixel_values=pixels).pooler_output, model.text_model(input_ids=ids).pooler_output
    image = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)
    return image, model.text_projection(model.text_model(input_ids=ids).pooler_output)


def record(path, pixels, ids, image, text):
    save_file({"pixels": pixels, "tokens": ids, "image": image.float().contiguous(), "text": text.float().contiguous()}, path)


def make_open_clip(out, name, pixels, ids):
    config = open_clip.get_model_config(name)
    model = open_clip.create_model(name).eval()
    if siglip(name):
        half = (0.5, 0.5, 0.5)
        set_model_preprocess_cfg(model, {"mean": half, "std": half, "interpolation": "bicubic", "resize_mode": "squash"})
    folder = out / f"{name}-open_clip"
    folder.mkdir()
    save_file(model.state_dict(), folder / "open_clip_model.safetensors", {"format": "pt"})
    save_config_for_hf(model, folder / "open_clip_config.json", config)
    binary, half = out / f"{name}-bin", out / f"{name}-half"
    for other in (binary, half):
        other.mkdir()
        save_config_for_hf(model, other / "open_clip_config.json", config)
    torch.save(model.state_dict(), binary / "open_clip_pytorch_model.bin")
    features = model.encode_image(pixels), model.encode_text(ids)
    yield folder.name, folder.name, features
    yield binary.name, binary.name, features
    halved = {"module." + n: p.half() if p.is_floating_point() else p for n, p in model.state_dict().items()}
    torch.save({"epoch": 1, "name": "x", "state_dict": halved}, half / "epoch_1.pt")
    model.load_state_dict({n.removeprefix("module."): p.float() if p.is_floating_point() else p for n, p in halved.items()})
    yield half.name, f"{half.name}/epoch_1.pt", (model.encode_image(pixels), model.encode_text(ids))


def make_openai(out, name, pixels, ids):
    if siglip(name):
        return
    model = open_clip.create_model(name, force_quick_gelu=True).eval()
    model.load_state_dict({n: p.half().float() if p.is_floating_point() else p for n, p in model.state_dict().items()})
    features = model.encode_image(pixels), model.encode_text(ids)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace_module(model, {"encode_image": pixels, "encode_text": ids}, check_trace=False)
    traced.half().save(str(out / f"{name}-openai.pt"))
    yield f"{name}-openai", f"{name}-openai.pt", features


def make_transformers(out, name, pixels, ids):
    c = open_clip.get_model_config(name)
    v, t = c["vision_cfg"], c["text_cfg"]
    if siglip(name) or isinstance(v["layers"], list):
        return  # transformers has no ResNet, and another GELU in a SigLIP
    config = CLIPConfig(
        projection_dim=c["embed_dim"],
        vision_config=dict(hidden_size=v["width"], intermediate_size=4 * v["width"], num_hidden_layers=v["layers"], num_attention_heads=v["width"] // 64,
                           image_size=v["image_size"], patch_size=v["patch_size"]),
        text_config=dict(hidden_size=t["width"], intermediate_size=4 * t["width"], num_hidden_layers=t["layers"], num_attention_heads=t["heads"]),
    )
    model = CLIPModel(config).eval()
    features = hf_features(model, pixels, ids)
    for form, size in (("hf", "50GB"), ("hf-sharded", "200MB")):
        model.save_pretrained(out / f"{name}-{form}", max_shard_size=size)
        yield f"{name}-{form}", f"{name}-{form}", features


def make(out, name):
    cases = []
    torch.manual_seed(0)
    size = open_clip.get_model_config(name)["vision_cfg"]["image_size"]
    pixels, ids = torch.randn(2, 3, size, size), tokens(name)
    for kind in (make_open_clip, make_openai, make_transformers):
        with torch.no_grad():
            for case, path, features in kind(out, name, pixels, ids):
                record(out / f"{case}.features.safetensors", pixels, ids, *features)
                cases.append({"Name": case, "Path": path, "Features": f"{case}.features.safetensors"})
    (out / "cases.json").write_text(json.dumps(cases))


LOADERS = {
    "torch.load": ("bin/open_clip_pytorch_model.bin", "tensors = torch.load(path, weights_only=True).values()"),
    "torch.load, mmap": ("bin/open_clip_pytorch_model.bin", "tensors = torch.load(path, weights_only=True, mmap=True).values()"),
    "safetensors": ("open_clip/open_clip_model.safetensors", "tensors = load_file(path).values()"),
    "open_clip.create_model": ("open_clip", "tensors = open_clip.create_model('local-dir:' + path).state_dict().values()"),
}

# What a library leaves on the disk until it is asked for is asked for: every tensor is read once.
CHILD = """
import open_clip, sys, time, torch
from safetensors.torch import load_file
path = sys.argv[1]
torch.set_num_threads(1)
def status(key):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key)) / 1024
open("/proc/self/clear_refs", "w").write("5")
before, start = status("VmRSS:"), time.time()
{load}
for tensor in tensors:
    tensor.sum()
print(time.time() - start, status("VmHWM:") - before)
"""


def load_python(path, load):
    out = subprocess.run([sys.executable, "-c", CHILD.format(load=load), path], check=True, capture_output=True, text=True).stdout
    return [float(x) for x in out.split()]


def load_own(out, case):
    command = [str(out.parent / "clip.test"), "-test.v", "-test.run", f"^TestLargeLoading$/^{case}$"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "MCLCLIP_LARGE": str(out)}).stdout
    return [float(x) for x in re.search(r"weights in ([0-9.]+) s, memory rises by ([0-9]+) MB", text).groups()]


def load(out, rounds=3):
    name = json.loads((out / "cases.json").read_text())[0]["Name"].removesuffix("-open_clip")
    runs = {f"mclclip, {form}": lambda case=f"{name}-{suffix}": load_own(out, case) for form, suffix in (("safetensors", "open_clip"), (".bin", "bin"))}
    for what, (path, code) in LOADERS.items():
        runs[what] = lambda path=str(out / f"{name}-{path}"), code=code: load_python(path, code)
    found = {what: [] for what in runs}
    for _ in range(rounds):
        for what, run in runs.items():
            found[what].append(run())
    size = (out / f"{name}-open_clip" / "open_clip_model.safetensors").stat().st_size / 2**20
    print(f"{name}, {size:.0f} MB of weights in float32, medians of {rounds} rounds in turn:")
    for what, pairs in found.items():
        seconds, rise = (statistics.median(column) for column in zip(*pairs))
        print(f"  {what:24} {seconds:6.2f} s   memory rises by {rise:5.0f} MB ({rise / size:.3f} of the weights)", flush=True)


def difference(got, want):
    return max((g - w).abs().max().item() for g, w in zip(got, want))


def same(got, golden, how):
    found = difference(got, (golden["image"], golden["text"]))
    print(f"{how}: {found:.1e}", flush=True)
    if found > TOLERANCE:
        sys.exit("these features are too different")


@torch.no_grad()
def check(out, case):
    golden, folder = load_file(out / f"{case}.features.safetensors"), str(out / "exported" / case)
    start = time.time()
    model, _, _ = open_clip.create_model_and_transforms("local-dir:" + folder)
    took, model = time.time() - start, model.eval()
    got = model.encode_image(golden["pixels"]), model.encode_text(golden["tokens"])
    same(got, golden, f"{case:24} exported and loaded by open_clip ({took:.1f} s)")
    if not Path(folder, "config.json").exists():  # a ResNet
        return
    kind = SiglipModel if "-SigLIP" in case else CLIPModel
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    assert not any(info.values()), info
    same(hf_features(model.eval(), golden["pixels"], golden["tokens"]), golden, f"{case:24} exported and loaded by transformers")


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"make": make, "load": load, "check": check}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
