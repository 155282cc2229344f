"""Makes CLIPs of real sizes with random weights in every format, or loads what package clip exported of them.

    golden_large.py make FOLDER MODEL...     models by open_clip's names, such as ViT-B-32 ViT-L-14
    golden_large.py check FOLDER             after TestLargeWeights: open_clip and transformers load exported/, and compute the same

scripts/golden_large.sh does both around the test.
"""
import json
import sys
import time
import warnings
from pathlib import Path

import open_clip
import torch
from open_clip.push_to_hf_hub import save_config_for_hf
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel

TOLERANCE = 1e-4  # of the largest feature


def tokens():
    return open_clip.tokenize(["a photo of a cat", "the dog is lying on its back", "3 red cubes, one of them behind a sphere"])


def hf_features(model, pixels, ids):
    image = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)
    return image, model.text_projection(model.text_model(input_ids=ids).pooler_output)


def record(path, pixels, image, text):
    save_file({"pixels": pixels, "tokens": tokens(), "image": image.float().contiguous(), "text": text.float().contiguous()}, path)


def make_open_clip(out, name, pixels):
    config = open_clip.get_model_config(name)
    model = open_clip.create_model(name).eval()
    folder = out / f"{name}-open_clip"
    folder.mkdir()
    save_file(model.state_dict(), folder / "open_clip_model.safetensors", {"format": "pt"})
    save_config_for_hf(model, folder / "open_clip_config.json", config)
    torch.save({"epoch": 1, "name": "x", "state_dict": {"module." + n: p.half() for n, p in model.state_dict().items()}}, out / f"{name}-half.pt")
    (out / f"{name}-half").mkdir()
    (out / f"{name}-half.pt").rename(out / f"{name}-half" / "epoch_1.pt")
    save_config_for_hf(model, out / f"{name}-half" / "open_clip_config.json", config)
    yield folder.name, folder.name, (model.encode_image(pixels), model.encode_text(tokens()))
    half = {n: p.half().float() for n, p in model.state_dict().items()}
    model.load_state_dict(half)
    yield f"{name}-half", f"{name}-half/epoch_1.pt", (model.encode_image(pixels), model.encode_text(tokens()))


def make_openai(out, name, pixels):
    model = open_clip.create_model(name, force_quick_gelu=True).eval()
    model.load_state_dict({n: p.half().float() for n, p in model.state_dict().items()})
    features = model.encode_image(pixels), model.encode_text(tokens())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace_module(model, {"encode_image": pixels, "encode_text": tokens()}, check_trace=False)
    traced.half().save(str(out / f"{name}-openai.pt"))
    yield f"{name}-openai", f"{name}-openai.pt", features


def make_transformers(out, name, pixels):
    c = open_clip.get_model_config(name)
    v, t = c["vision_cfg"], c["text_cfg"]
    config = CLIPConfig(
        projection_dim=c["embed_dim"],
        vision_config=dict(hidden_size=v["width"], intermediate_size=4 * v["width"], num_hidden_layers=v["layers"], num_attention_heads=v["width"] // 64,
                           image_size=v["image_size"], patch_size=v["patch_size"]),
        text_config=dict(hidden_size=t["width"], intermediate_size=4 * t["width"], num_hidden_layers=t["layers"], num_attention_heads=t["heads"]),
    )
    model = CLIPModel(config).eval()
    features = hf_features(model, pixels, tokens())
    for form, size in (("hf", "50GB"), ("hf-sharded", "200MB")):
        model.save_pretrained(out / f"{name}-{form}", max_shard_size=size)
        yield f"{name}-{form}", f"{name}-{form}", features


def make(out, names):
    cases = []
    for name in names:
        torch.manual_seed(0)
        size = open_clip.get_model_config(name)["vision_cfg"]["image_size"]
        pixels = torch.randn(2, 3, size, size)
        for kind in (make_open_clip, make_openai, make_transformers):
            with torch.no_grad():
                for case, path, features in kind(out, name, pixels):
                    record(out / f"{case}.features.safetensors", pixels, *features)
                    cases.append({"Name": case, "Path": path, "Features": f"{case}.features.safetensors"})
    (out / "cases.json").write_text(json.dumps(cases))


def difference(got, want):
    return max(((g - w).abs().max() / w.abs().max()).item() for g, w in zip(got, want))


def check(out):
    worst = 0.0
    for case in json.loads((out / "cases.json").read_text()):
        golden = load_file(out / case["Features"])
        want, folder = (golden["image"], golden["text"]), str(out / "exported" / case["Name"])
        with torch.no_grad():
            start = time.time()
            model, _, _ = open_clip.create_model_and_transforms("local-dir:" + folder)
            took, model = time.time() - start, model.eval()
            a = difference((model.encode_image(golden["pixels"]), model.encode_text(golden["tokens"])), want)
            model, info = CLIPModel.from_pretrained(folder, output_loading_info=True)
            assert not any(info.values()), info
            b = difference(hf_features(model.eval(), golden["pixels"], golden["tokens"]), want)
        print(f"{case['Name']:24} exported and loaded by open_clip ({took:.1f} s): {a:.1e} of the largest feature; by transformers: {b:.1e}", flush=True)
        worst = max(worst, a, b)
    if worst > TOLERANCE:
        sys.exit(f"features differ by {worst}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    make(Path(sys.argv[2]), sys.argv[3:]) if sys.argv[1] == "make" else check(Path(sys.argv[2]))
