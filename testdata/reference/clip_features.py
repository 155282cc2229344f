"""Loads a model folder with open_clip and prints how far its features are from those in a golden file.

    python testdata/reference/clip_features.py FOLDER GOLDEN

The folder is one that package clip saved. open_clip refuses weights that do not fit.
"""
import json
import sys

import open_clip
import torch
from safetensors.torch import load_file

model, _, _ = open_clip.create_model_and_transforms("local-dir:" + sys.argv[1])
golden = load_file(sys.argv[2])
with torch.no_grad():
    got = {"image": model.eval().encode_image(golden["pixels"]), "text": model.encode_text(golden["tokens"])}
print(json.dumps({name: (got[name] - golden[name]).abs().max().item() for name in got}))
