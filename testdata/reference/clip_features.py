"""Loads a model folder and prints how far the features are from those in a golden file.

    python testdata/reference/clip_features.py FOLDER GOLDEN [TOKENIZER]

The folder is one that package clip wrote. open_clip loads it, and transformers, if its files are there; both refuse weights that
do not fit. Of transformers' preprocessing the mean is compared with open_clip's, and the ids of TOKENIZER, a folder with its files,
with those of open_clip's tokenizer.
"""
import json
import sys
from pathlib import Path

import open_clip
import torch
from safetensors.torch import load_file

CAPTIONS = ["a photo of a cat", "It's 3 DOGS, and 14 naïve café-goers!", "  two   spaces\tand \u4f60\u597d ...  ", "x" * 40, "don't we'll I'd"]


def open_clip_features(folder, golden):
    model, _, _ = open_clip.create_model_and_transforms("local-dir:" + folder)
    return {"image": model.eval().encode_image(golden["pixels"]), "text": model.encode_text(golden["tokens"])}, model.visual.image_mean


def transformers_features(folder, golden):
    from transformers import CLIPImageProcessor, CLIPModel

    model, info = CLIPModel.from_pretrained(folder, output_loading_info=True)
    wrong = {n: list(names) for n, names in info.items() if names}
    assert not wrong, wrong
    image = model.visual_projection(model.vision_model(pixel_values=golden["pixels"]).pooler_output)
    text = model.text_projection(model.text_model(input_ids=golden["tokens"]).pooler_output)
    return {"image": image, "text": text}, CLIPImageProcessor.from_pretrained(folder).image_mean


def token_differences(folder):
    from transformers import AutoTokenizer, CLIPTokenizer

    want = open_clip.SimpleTokenizer()
    different = 0
    for tokenizer in (CLIPTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)):
        assert tokenizer.model_max_length == 77, tokenizer.model_max_length
        for caption in CAPTIONS:
            different += tokenizer(caption)["input_ids"] != [49406, *want.encode(caption), 49407]
    return different


def main():
    folder, golden = sys.argv[1], load_file(sys.argv[2])
    with torch.no_grad():
        got, mean = open_clip_features(folder, golden)
        out = {name: (got[name] - golden[name]).abs().max().item() for name in got}
        if (Path(folder) / "config.json").exists():
            got, hf_mean = transformers_features(folder, golden)
            out |= {"hf_" + name: (got[name] - golden[name]).abs().max().item() for name in got}
            out["mean"] = max(abs(a - b) for a, b in zip(mean, hf_mean))
    if len(sys.argv) > 3:
        out["tokens"] = token_differences(sys.argv[3])
    print(json.dumps(out))


if len(sys.argv) < 3:  # it writes no golden file
    print(__doc__)
else:
    main()
