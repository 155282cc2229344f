"""Writes data/emoji/testdata/shapes.png: shapes.svg, which has every feature that OpenMoji's drawings use, drawn by resvg.

Run from the repository root.
"""
import importlib.metadata
import io
import sys
from pathlib import Path

PINNED = {"resvg-py": "0.5.0", "pillow": "13.0.0"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import resvg_py
from PIL import Image, PngImagePlugin

FOLDER = Path("data/emoji/testdata")
drawn = bytes(resvg_py.svg_to_bytes(svg_string=(FOLDER / "shapes.svg").read_text(), width=72, height=72))
drawing = Image.open(io.BytesIO(drawn)).convert("RGBA")
image = Image.new("RGBA", drawing.size, "white")
image.alpha_composite(drawing)
about = PngImagePlugin.PngInfo()
about.add_text("Software", " ".join(f"{package} {version}" for package, version in PINNED.items()))
image.convert("RGB").save(FOLDER / "shapes.png", pnginfo=about)
