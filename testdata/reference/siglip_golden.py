"""Writes small SigLIPs in the formats of open_clip and transformers with what they compute, and the sigmoid loss.

Run from the repository root. All models have random weights; their sizes differ between the towers, so that a mix-up shows.

clip/testdata/siglip/
  model.json, open_clip_model.safetensors   a CustomTextCLIP whose image tower is timm's VisionTransformer with GELU
  hf/                                       what save_pretrained writes of a SiglipModel and its processor, with GELU by tanh
  image.png                                 a picture of another size than the models'
  features.safetensors                      pixels, tokens; image/ and text/ features of both; picture/ features of image.png
  loss.safetensors                          open_clip's SigLipLoss in groups of a batch, with gradients
clip/testdata/plain.safetensors             names and weights of a plain CLIP with custom_text, its tokens and features
clip/testdata/configs.json                  all model configurations of open_clip, with names and shapes of those it builds itself
"""
import hashlib
import importlib.metadata
import json
import math
import shutil
import sys
from pathlib import Path

PINNED = {"torch": "2.11.0", "open_clip_torch": "3.3.0", "timm": "1.0.31", "transformers": "5.23.0", "safetensors": "0.8.0", "pillow": "13.0.0"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import open_clip
import torch
from open_clip.loss import SigLipLoss
from open_clip.model import CLIP, CustomTextCLIP
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file
from timm.models import register_model
from timm.models.vision_transformer import VisionTransformer
from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

VERSIONS = " ".join(f"{p}=={v}" for p, v in PINNED.items())
SIZE, PATCH, VOCAB, CONTEXT = 16, 4, 64, 16
WIDTH, HEADS, RATIO = 24, 3, 3.7362  # the hidden width is cut to a whole number
TEXT = dict(context_length=CONTEXT, vocab_size=VOCAB, width=16, heads=2, layers=1)


@register_model
def vit_small_trial_siglip(pretrained=False, num_classes=0, global_pool="map", **_):
    return VisionTransformer(
        img_size=SIZE, patch_size=PATCH, embed_dim=WIDTH, depth=2, num_heads=HEADS, mlp_ratio=RATIO, class_token=False, num_classes=num_classes,
        global_pool=global_pool)


def save(path, tensors, **metadata):
    metadata = {"golden": json.dumps({"versions": VERSIONS, **metadata})}
    save_file({n: t.detach().clone().contiguous() for n, t in tensors.items()}, path, metadata)


def shake(model, generator):
    """Moves biases and norms from their start values of 0 and 1."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if not name.startswith("logit_"):
                p.add_(0.2 * torch.randn(p.shape, generator=generator))
    return model.eval()


def open_clip_files(out, features, generator, pixels, tokens):
    vision = dict(image_size=SIZE, timm_model_name="vit_small_trial_siglip", timm_pool="map", timm_proj="none")
    text = dict(TEXT, no_causal_mask=True, proj_bias=True, pool_type="last", norm_kwargs={"eps": 1e-6})
    torch.manual_seed(5)
    model = shake(CustomTextCLIP(WIDTH, vision, text, init_logit_bias=-9), generator)
    save_file(model.state_dict(), out / "open_clip_model.safetensors", {"format": "pt"})
    ours = dict(image_size=SIZE, layers=2, width=WIDTH, head_width=WIDTH // HEADS, mlp_ratio=RATIO, patch_size=PATCH, pool_type="map", norm_kwargs={"eps": 1e-6})
    config = dict(embed_dim=WIDTH, init_logit_bias=-10, custom_text=True, vision_cfg=ours, text_cfg=text)
    (out / "model.json").write_text(json.dumps(config, indent=1) + "\n")
    preprocess = image_transform_v2(PreprocessCfg(size=SIZE, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bicubic", resize_mode="squash"), is_train=False)
    with torch.no_grad():
        features["image/open_clip"], features["text/open_clip"] = model.encode_image(pixels), model.encode_text(tokens)
        features["picture/open_clip"] = model.encode_image(preprocess(Image.open(out / "image.png"))[None])
        features["logits/open_clip"] = model.get_logits(pixels, tokens)[0]


def transformers_files(out, features, generator, pixels, tokens):
    config = SiglipConfig(
        vision_config=dict(hidden_size=WIDTH, intermediate_size=80, num_hidden_layers=2, num_attention_heads=HEADS, image_size=SIZE, patch_size=PATCH),
        text_config=dict(hidden_size=16, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, vocab_size=VOCAB,
                         max_position_embeddings=CONTEXT, projection_size=WIDTH),
    )
    torch.manual_seed(6)
    model = SiglipModel(config)
    with torch.no_grad():
        model.logit_scale.fill_(2.3)
        model.logit_bias.fill_(-8.5)
    model = shake(model, generator)
    processor = SiglipImageProcessor(size={"height": SIZE, "width": SIZE})
    model.save_pretrained(out / "hf")
    processor.save_pretrained(out / "hf")
    # As older processors do it, by Pillow: the tensors' way differs in some pixels.
    preprocess = image_transform_v2(PreprocessCfg(size=SIZE, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bicubic", resize_mode="squash"), is_train=False)
    model = SiglipModel.from_pretrained(out / "hf").eval()
    with torch.no_grad():
        found = model(input_ids=tokens, pixel_values=pixels)
        image, text = model.vision_model(pixel_values=pixels).pooler_output, model.text_model(input_ids=tokens).pooler_output
        features["image/hf"], features["text/hf"], features["logits/hf"] = image, text, found.logits_per_image
        features["picture/hf"] = model.vision_model(pixel_values=preprocess(Image.open(out / "image.png"))[None]).pooler_output


def loss(out, generator):
    """The groups are blocks that follow each other; each is a batch of its own, and the loss their mean."""
    inputs = {
        "image": torch.randn(12, 8, generator=generator), "text": torch.randn(12, 8, generator=generator),
        "logit_scale": torch.tensor(math.log(10.0)), "logit_bias": torch.tensor(-10.0),
    }
    tensors = dict(inputs)
    for groups in (1, 2, 3, 6):
        leaves = {n: t.clone().requires_grad_() for n, t in inputs.items()}
        image = torch.nn.functional.normalize(leaves["image"], dim=-1).chunk(groups)
        text = torch.nn.functional.normalize(leaves["text"], dim=-1).chunk(groups)
        found = sum(SigLipLoss()(i, t, leaves["logit_scale"].exp(), leaves["logit_bias"]) for i, t in zip(image, text)) / groups
        found.backward()
        tensors[f"{groups}/loss"] = found.reshape(1)
        for name, leaf in leaves.items():
            tensors[f"{groups}/{name}"] = leaf.grad.reshape(leaf.shape or (1,))
    save(out / "loss.safetensors", tensors)


def custom_text(path, generator):
    config = dict(
        embed_dim=12, quick_gelu=True, vision_cfg=dict(image_size=SIZE, layers=1, width=32, head_width=8, patch_size=PATCH),
        text_cfg=dict(TEXT, width=24),
    )
    torch.manual_seed(7)
    model = shake(CustomTextCLIP(**config), generator)
    pixels, tokens = torch.randn(2, 3, SIZE, SIZE, generator=generator), torch.randint(1, VOCAB, (2, CONTEXT), generator=generator)
    with torch.no_grad():
        found = {"image": model.encode_image(pixels), "text": model.encode_text(tokens)}
    weights = {"weight/" + n: p for n, p in model.state_dict().items()}
    save(path, {**weights, **found, "pixels": pixels, "tokens": tokens}, model_cfg=dict(config, custom_text=True))


def configs(path):
    """The SHA-256 of the lines "name shape\\n" of all parameters and buffers, in the order of the names."""
    found = {}
    for name in open_clip.list_models():
        config = open_clip.get_model_config(name)
        entry = found[name] = {"model_cfg": json.loads(json.dumps(config))}
        timm_name = config["vision_cfg"].get("timm_model_name", "siglip")
        if "hf_model_name" in config["text_cfg"] or "multimodal_cfg" in config or "siglip" not in timm_name:
            continue
        config = dict(config)
        build = CustomTextCLIP if config.pop("custom_text", False) else CLIP
        with torch.device("meta"):
            state = build(**config).state_dict()
        lines = "".join(f"{n} {' '.join(map(str, state[n].shape))}\n" for n in sorted(state))
        entry["sha256"] = hashlib.sha256(lines.encode()).hexdigest()
    path.write_text(json.dumps({"versions": VERSIONS, "configs": found}, sort_keys=True) + "\n")
    print(len(found), "configurations,", sum("sha256" in e for e in found.values()), "of them built")


def main():
    torch.set_num_threads(1)
    out = Path("clip/testdata/siglip")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    generator = torch.Generator().manual_seed(8)
    array = torch.randint(0, 256, (21, 37, 3), generator=generator).to(torch.uint8).numpy()
    Image.fromarray(array).save(out / "image.png")
    pixels, tokens = torch.randn(3, 3, SIZE, SIZE, generator=generator), torch.randint(1, VOCAB, (3, CONTEXT), generator=generator)
    features = {"pixels": pixels, "tokens": tokens}
    for write in (open_clip_files, transformers_files):
        write(out, features, generator, pixels, tokens)
    save(out / "features.safetensors", features)
    loss(out, generator)
    custom_text(Path("clip/testdata/plain.safetensors"), generator)
    configs(Path("clip/testdata/configs.json"))
    for path in sorted([*out.rglob("*"), Path("clip/testdata/plain.safetensors"), Path("clip/testdata/configs.json")]):
        if path.is_file():
            assert path.stat().st_size <= 300_000, f"{path} has {path.stat().st_size} bytes"
            print(f"{str(path):60} {path.stat().st_size:7}")


if __name__ == "__main__":
    main()
