"""Writes small models in the formats that CLIP weights come in, and what open_clip and transformers compute with them.

Run from the repository root. All models have random weights; their sizes differ between the towers, so that a mix-up shows.

internal/torchfile/testdata/
  state.pt, script.pt     what torch.save and torch.jit.save write: element types, strides, views, a parameter, other values
  expected.safetensors    the tensors in both
clip/testdata/weights/
  open_clip/              open_clip's folder with a .bin in bfloat16
  epoch_2.pt              a training checkpoint of the same weights in float32: names begin with module., an optimizer, a step
  model.json              the configuration of the two
  hf/, hf-sharded/        what save_pretrained writes: one file, and several with an index
  hf-bin/                 the same as pytorch_model.bin, with values that older versions saved
  hf-bin-sharded/         the same in two files with an index
  openai.pt               a TorchScript archive like OpenAI's: float16, with input_resolution, context_length and vocab_size
  resnet-openai.pt        the same of a ResNet
  resnet_epoch_1.pt       a training checkpoint of the same weights in float16
  resnet.json             the configuration of the two, but for the activation
  image.png               a picture of the models' size
  features.safetensors    pixels, tokens; image/ and text/ features of each; picture/ features of image.png
  resize.safetensors      position embeddings that open_clip interpolates for other image sizes
"""
import importlib.metadata
import json
import shutil
import sys
import warnings
import zipfile
from pathlib import Path

PINNED = {"torch": "2.11.0", "open_clip_torch": "3.3.0", "transformers": "5.23.0", "safetensors": "0.8.0", "pillow": "13.0.0"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import open_clip
import torch
from open_clip.model import CLIP, build_model_from_openai_state_dict, resize_pos_embed
from open_clip.push_to_hf_hub import save_config_for_hf
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

VERSIONS = " ".join(f"{p}=={v}" for p, v in PINNED.items())
SIZE, VOCAB, CONTEXT = 16, 64, 16
OPEN_CLIP = dict(
    embed_dim=12, quick_gelu=True,
    vision_cfg=dict(image_size=SIZE, layers=2, width=32, head_width=8, patch_size=4),
    text_cfg=dict(context_length=CONTEXT, vocab_size=VOCAB, width=24, heads=2, layers=1),
)
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)


def save(path, tensors):
    save_file({n: t.detach().clone().contiguous() for n, t in tensors.items()}, path, {"versions": VERSIONS})


def shake(model, generator):
    """Moves biases and norms from their start values of 0 and 1."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name != "logit_scale":
                p.add_(0.2 * torch.randn(p.shape, generator=generator).to(p.dtype))
    return model.eval()


def save_script(module, path):
    """Leaves out what TorchScript keeps for error messages: paths of this machine and its classes."""
    module.save(str(path))
    with zipfile.ZipFile(path) as archive:
        kept = [(i, archive.read(i)) for i in archive.infolist() if not i.filename.endswith((".debug_pkl", "serialization_id"))]
    with zipfile.ZipFile(path, "w") as archive:
        for info, data in kept:
            archive.writestr(zipfile.ZipInfo(info.filename), data, info.compress_type)
    torch.jit.load(str(path))


def torch_files(out):
    out.mkdir(exist_ok=True)
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    rand = lambda *shape: torch.randn(*shape, generator=g)
    base = rand(6, 4)
    tensors = {
        "float": rand(2, 3), "half": rand(5).half(), "bfloat": rand(3, 1).bfloat16(), "double": rand(2).double(),
        "long": torch.tensor([[-1, 2], [3, 1 << 40]]), "int": torch.tensor([7, -7], dtype=torch.int32), "byte": torch.tensor([1, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False]), "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4),
        "transposed": base.t(), "row": base[2], "column": base[:, 1], "block": base[1:5:2, 1:3], "permuted": rand(2, 3, 4).permute(2, 0, 1),
    }
    parameter = torch.nn.Parameter(rand(2, 2))
    checkpoint = {
        "epoch": 2, "name": "a run", "loss": [0.1, float("inf")], "betas": (0.9, 0.98), "done": False, "none": None, "big": 1 << 40, 3: "three",
        "state_dict": {**tensors, "parameter": parameter}, "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}},
    }
    torch.save(checkpoint, out / "state.pt")

    class Inner(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(tensors["float"].clone())
            self.register_buffer("count", torch.tensor(4))

        def forward(self, x):
            return x @ self.weight

    class Outer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = torch.nn.Sequential(Inner(), torch.nn.Linear(3, 2))
            self.sizes, self.label = [1, 2], "text"

        def forward(self, x):
            return self.blocks(x) * self.sizes[0]

    module = torch.jit.script(Outer().half())
    save_script(module, out / "script.pt")
    script = {"script/" + n: t for n, t in module.state_dict().items()}
    save(out / "expected.safetensors", {**tensors, "parameter": parameter, **script})


def inputs(generator):
    tokens = torch.zeros(3, CONTEXT, dtype=torch.long)
    for i, length in enumerate((3, CONTEXT, 9)):
        tokens[i, :length] = torch.randint(1, VOCAB - 2, (length,), generator=generator)
        tokens[i, 0], tokens[i, length - 1] = VOCAB - 2, VOCAB - 1
    return torch.randn(3, 3, SIZE, SIZE, generator=generator), tokens


def picture(path, generator):
    """The picture has the model's size: resizing and cropping leave it as it is, normalising does not."""
    array = torch.randint(0, 256, (SIZE, SIZE, 3), generator=generator).to(torch.uint8).numpy()
    Image.fromarray(array).save(path)
    return torch.from_numpy(array).permute(2, 0, 1).float() / 255


def normalized(pixels, mean, std):
    return ((pixels - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None])[None]


def record(features, name, model, pixels, tokens, image):
    with torch.no_grad():
        features[f"image/{name}"], features[f"text/{name}"] = model.encode_image(pixels), model.encode_text(tokens)
        features[f"picture/{name}"] = model.encode_image(image)


def open_clip_files(out, features, generator, pixels, tokens, image):
    folder = out / "open_clip"
    folder.mkdir()
    torch.manual_seed(1)
    model = shake(CLIP(**OPEN_CLIP), generator)
    state = {n: p.bfloat16().float() for n, p in model.state_dict().items()}
    model.load_state_dict(state)
    torch.save({n: p.bfloat16() for n, p in state.items()}, folder / "open_clip_pytorch_model.bin")
    open_clip.model.set_model_preprocess_cfg(model, {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest"})
    save_config_for_hf(model, folder / "open_clip_config.json", OPEN_CLIP)
    (out / "model.json").write_text(json.dumps(OPEN_CLIP, indent=1) + "\n")
    loaded = open_clip.create_model(f"local-dir:{folder}").float().eval()
    record(features, "open_clip", loaded, pixels, tokens, normalized(image, MEAN, STD))
    norms = [p for n, p in model.named_parameters() if "ln_" in n]
    optimizer = torch.optim.AdamW(norms)
    model.encode_text(tokens).sum().backward()
    optimizer.step()
    wrapped = {"module." + n: p for n, p in state.items()}
    torch.save({"epoch": 2, "name": "run", "state_dict": wrapped, "optimizer": optimizer.state_dict(), "global_step": 8}, out / "epoch_2.pt")
    record(features, "epoch_2", loaded, pixels, tokens, normalized(image, open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD))


class Wrapped:
    """transformers' model behind open_clip's method names."""

    def __init__(self, model):
        self.model = model

    def encode_image(self, pixels):
        return self.model.visual_projection(self.model.vision_model(pixel_values=pixels).pooler_output)

    def encode_text(self, tokens):
        return self.model.text_projection(self.model.text_model(input_ids=tokens).pooler_output)


def transformers_files(out, features, generator, pixels, tokens, image):
    v, t = OPEN_CLIP["vision_cfg"], OPEN_CLIP["text_cfg"]
    config = CLIPConfig(
        projection_dim=OPEN_CLIP["embed_dim"],
        vision_config=dict(hidden_size=32, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, image_size=SIZE, patch_size=4, hidden_act="gelu"),
        text_config=dict(hidden_size=24, intermediate_size=96, num_hidden_layers=1, num_attention_heads=2, hidden_act="gelu", vocab_size=VOCAB,
                         max_position_embeddings=CONTEXT, bos_token_id=VOCAB - 2, eos_token_id=VOCAB - 1),
    )
    torch.manual_seed(2)
    model = shake(CLIPModel(config), generator)
    processor = CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}, image_mean=MEAN, image_std=STD)
    model.save_pretrained(out / "hf")
    processor.save_pretrained(out / "hf")
    model.save_pretrained(out / "hf-sharded", max_shard_size="40KB")
    record(features, "hf", Wrapped(CLIPModel.from_pretrained(out / "hf")), pixels, tokens, normalized(image, MEAN, STD))
    processed = processor(Image.open(out / "image.png"), return_tensors="pt")["pixel_values"]
    assert (processed - normalized(image, MEAN, STD)).abs().max() < 1e-6
    # As transformers 4.2x wrote it for OpenAI's models: position_ids among the weights, and eos_token_id 2, by which it looks for
    # the highest id.
    old = out / "hf-bin"
    old.mkdir()
    ids = {"text_model.embeddings.position_ids": torch.arange(CONTEXT)[None], "vision_model.embeddings.position_ids": torch.arange(17)[None]}
    torch.save({**{n: p.half() for n, p in model.state_dict().items()}, **ids}, old / "pytorch_model.bin")
    short = json.loads((out / "hf" / "config.json").read_text())
    short["text_config"]["eos_token_id"] = 2
    # a _dict, where there is one, stands in the place of the other; quick_gelu is the default
    short["vision_config_dict"] = {n: x for n, x in short["vision_config"].items() if n != "hidden_act"}
    short["text_config_dict"] = {n: x for n, x in short["text_config"].items() if n != "hidden_act"}
    del short["vision_config"]["layer_norm_eps"], short["dtype"]
    (old / "config.json").write_text(json.dumps(short, indent=1) + "\n")
    sharded_binary(out / "hf-bin-sharded", old)
    half = CLIPModel.from_pretrained(old, dtype=torch.float32).eval()
    assert half.config.text_config.hidden_act == half.config.vision_config.hidden_act == "quick_gelu"
    record(features, "hf-bin", Wrapped(half), pixels, tokens, normalized(image, open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD))


def sharded_binary(folder, whole):
    """As transformers wrote large models before it had safetensors."""
    folder.mkdir()
    state, index = torch.load(whole / "pytorch_model.bin", weights_only=True), {}
    for i in range(2):
        file = f"pytorch_model-{i + 1:05}-of-00002.bin"
        part = {n: p for n, p in sorted(state.items())[i::2]}
        torch.save(part, folder / file)
        index.update(dict.fromkeys(part, file))
    total = sum(p.nbytes for p in state.values())
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": index}, indent=1) + "\n")
    shutil.copy(whole / "config.json", folder)


def openai_file(out, features, generator, pixels, tokens, image):
    """OpenAI's archive was traced, converted to float16 and has the three numbers among its buffers."""
    config = dict(
        embed_dim=16, quick_gelu=True, vision_cfg=dict(image_size=SIZE, layers=1, width=64, patch_size=4),
        text_cfg=dict(context_length=CONTEXT, vocab_size=VOCAB, width=64, heads=1, layers=1),
    )
    torch.manual_seed(3)
    model = shake(CLIP(**config), generator)
    for name, value in dict(input_resolution=SIZE, context_length=CONTEXT, vocab_size=VOCAB).items():
        model.__dict__.pop(name, None)
        model.register_buffer(name, torch.tensor(value))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace_module(model, {"encode_image": pixels, "encode_text": tokens}, check_trace=False)
    save_script(traced.half(), out / "openai.pt")
    state = torch.jit.load(str(out / "openai.pt")).state_dict()
    del state["attn_mask"]  # a buffer of open_clip's class only; OpenAI's has it as an attribute of each block
    loaded = build_model_from_openai_state_dict(state, cast_dtype=torch.float32).float()
    record(features, "openai", loaded, pixels, tokens, normalized(image, open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD))


RESNET = dict(
    embed_dim=16, vision_cfg=dict(image_size=64, layers=[1, 1, 1, 1], width=4, head_width=64, patch_size=None),
    text_cfg=dict(context_length=CONTEXT, vocab_size=VOCAB, width=64, heads=1, layers=1),
)


def resnet_files(out, features, _, pixels, tokens, image):
    """The batch norms keep running statistics, which move before they are saved."""
    torch.manual_seed(9)
    generator = torch.Generator().manual_seed(10)
    model = shake(CLIP(**RESNET, quick_gelu=True), generator).train()
    pixels = features["resnet/pixels"] = torch.randn(3, 3, 64, 64, generator=generator)
    with torch.no_grad():
        model.encode_image(pixels)
    model = model.half().eval()
    state = model.state_dict()
    torch.save({"epoch": 1, "state_dict": {"module." + n: p for n, p in state.items()}}, out / "resnet_epoch_1.pt")
    (out / "resnet.json").write_text(json.dumps(RESNET, indent=1) + "\n")
    for quick, name in ((True, "resnet-openai"), (False, "resnet_epoch_1")):
        loaded = CLIP(**RESNET, quick_gelu=quick).eval()
        loaded.load_state_dict({n: p.float() if p.is_floating_point() else p for n, p in state.items()})
        with torch.no_grad():
            features[f"image/{name}"], features[f"text/{name}"] = loaded.encode_image(pixels), loaded.encode_text(tokens)
        if quick:
            for buffer, value in dict(input_resolution=64, context_length=CONTEXT, vocab_size=VOCAB).items():
                loaded.__dict__.pop(buffer, None)
                loaded.register_buffer(buffer, torch.tensor(value))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                traced = torch.jit.trace_module(loaded, {"encode_image": pixels, "encode_text": tokens}, check_trace=False)
            save_script(traced.half(), out / "resnet-openai.pt")


def resized(out, generator):
    class Tower:
        pass

    tensors = {"old": torch.randn(1 + 7 * 7, 5, generator=generator)}
    for grid in (3, 5, 9, 14):
        model = Tower()
        model.visual = Tower()
        model.visual.grid_size = (grid, grid)
        state = {"visual.positional_embedding": tensors["old"].clone()}
        resize_pos_embed(state, model)
        tensors[f"new/{grid}"] = state["visual.positional_embedding"]
    save(out / "resize.safetensors", tensors)


def main():
    torch.set_num_threads(1)
    torch_files(Path("internal/torchfile/testdata"))
    out = Path("clip/testdata/weights")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    generator = torch.Generator().manual_seed(4)
    pixels, tokens = inputs(generator)
    image = picture(out / "image.png", generator)
    features = {"pixels": pixels, "tokens": tokens}
    for write in (open_clip_files, transformers_files, openai_file, resnet_files):
        write(out, features, generator, pixels, tokens, image)
    save(out / "features.safetensors", features)
    resized(out, generator)
    for path in sorted([*out.rglob("*"), *Path("internal/torchfile/testdata").iterdir()]):
        if path.is_file():
            assert path.stat().st_size <= 400_000, f"{path} has {path.stat().st_size} bytes"
            print(f"{str(path):60} {path.stat().st_size:7}")


if __name__ == "__main__":
    main()
