#!/usr/bin/env python3
"""Makes the checkout buildable: finds a libtorch, fits gotch to it, points go.work at the fitted copy.

Nothing is changed outside the cache folder ($XDG_CACHE_HOME/mclclip or ~/.cache/mclclip) and two ignored files of the
checkout (go.work and internal/torch/libtorch_flags.go). Running it again costs about a second.

libtorch, in this order: $LIBTORCH; the torch package of the active Python if it is 2.6 or newer; PyPI's torch wheel.
"""

import hashlib
import importlib.util
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TORCH = "torch==2.11.0"
# What libtorch_cpu.so of the CUDA wheel links against even where no GPU is used.
TORCH_NEEDS = ["nvidia-cuda-runtime", "nvidia-cuda-cupti"]
PILLOW = "pillow==13.0.0"
GOTCH = "github.com/sugarme/gotch"
OLDEST = (2, 6)  # its fused AdamW on CPUs, its autocast by device type, its C++ ABI

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mclclip"


def say(text):
    print(f"setup: {text}", file=sys.stderr, flush=True)


def fail(text):
    say(text)
    sys.exit(1)


def run(*args, **kwargs):
    result = subprocess.run(args, text=True, capture_output=True, **kwargs)
    if result.returncode:
        fail(f"{' '.join(args)}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


def require_tools():
    for tool, package in (("go", "golang"), ("g++", "g++"), ("make", "make")):
        if shutil.which(tool) is None:
            fail(f"{tool} is missing; install it, for instance with: apt-get install {package}")


# --- libtorch ------------------------------------------------------------------------------------------------------


class Libtorch:
    """A folder with include/ and lib/, and what must be known of it to compile and link."""

    def __init__(self, folder, origin):
        self.folder = Path(folder).resolve()
        self.origin = origin
        self.include = self.folder / "include"
        self.lib = self.folder / "lib"
        for needed in (self.include / "torch/csrc/api/include/torch/torch.h", self.lib / "libtorch_cpu.so"):
            if not needed.exists():
                fail(f"{self.folder} ({origin}) is no libtorch: {needed} is missing")
        self.version = self._version()
        if self.version < OLDEST:
            fail(f"{self.folder} ({origin}) is libtorch {self.version_text()}; 2.6 or newer is needed")
        # Wheels before 2.6 use GCC's old std::string; the names in libc10 tell which one this is.
        self.new_abi = b"__cxx1112basic_string" in (self.lib / "libc10.so").read_bytes()
        self.standard = "c++20" if self.version >= (2, 12) else "c++17"

    def _version(self):
        header = self.include / "torch/headeronly/version.h"
        if not header.exists():
            header = self.include / "torch/csrc/api/include/torch/version.h"
        text = header.read_text()
        part = lambda name: int(re.search(rf"define TORCH_VERSION_{name} (\d+)", text).group(1))
        return part("MAJOR"), part("MINOR")

    def version_text(self):
        return ".".join(map(str, self.version))

    def cxxflags(self):
        return [
            f"-std={self.standard}",
            f"-D_GLIBCXX_USE_CXX11_ABI={int(self.new_abi)}",
            f"-I{self.include}",
            f"-I{self.include}/torch/csrc/api/include",
            "-w",
        ]

    def ldflags(self):
        # libtorch.so is left out on purpose: it would pull in CUDA. CUDA is loaded when it is first asked for.
        return [f"-L{self.lib}", f"-Wl,-rpath,{self.lib}", "-Wl,--no-as-needed", "-ltorch_cpu", "-lc10", "-lstdc++", "-ldl"]


def find_libtorch():
    named = os.environ.get("LIBTORCH")
    if named:
        return Libtorch(named, "$LIBTORCH")
    spec = importlib.util.find_spec("torch")
    if spec and spec.origin:
        folder = Path(spec.origin).parent
        version = re.search(r"__version__ = '(\d+)\.(\d+)", (folder / "version.py").read_text())
        if version and tuple(map(int, version.groups())) >= OLDEST:
            return Libtorch(folder, "torch of the active Python")
    return Libtorch(download_libtorch(), f"pip's {TORCH}")


def pip_download(requirements, folder):
    say(f"pip download {' '.join(requirements)}")
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "-d", str(folder)]
    try:
        subprocess.run([*command, *requirements], check=True)
    except subprocess.CalledProcessError:
        fail("pip could not download; check the network, or set LIBTORCH to an unpacked libtorch")


def download_libtorch():
    target = CACHE / TORCH.replace("==", "-")
    if (target / "complete").exists():
        return target / "torch"
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        temporary = Path(temporary)
        pip_download([TORCH, *TORCH_NEEDS], temporary / "wheels")
        for wheel in sorted((temporary / "wheels").glob("*.whl")):
            unpack(wheel, temporary / "tree", wanted_of_torch)
        (temporary / "tree/complete").touch()
        shutil.rmtree(target, ignore_errors=True)
        (temporary / "tree").rename(target)
    return target / "torch"


def wanted_of_torch(name):
    if name.startswith("nvidia/"):
        return ".so" in name
    if name.startswith("torch/lib/"):
        return ".so" in name and not re.search(r"cuda|python|nvshmem|nvrtc", name)
    return name.startswith("torch/include/")


def unpack(wheel, folder, wanted):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if wanted(name)])


# --- image libraries -------------------------------------------------------------------------------------------------


def fetch_image_libraries():
    """Takes libjpeg, libpng and libwebp from the Pillow wheel: exact decoding without system packages."""
    target = CACHE / "imagelibs"
    if any(target.glob("libjpeg-*.so*")):
        return
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        temporary = Path(temporary)
        pip_download([PILLOW], temporary)
        (wheel,) = temporary.glob("*.whl")
        pattern = re.compile(r"pillow\.libs/lib(jpeg|png16|webp|sharpyuv)-[^/]*\.so[^/]*")
        unpack(wheel, temporary, pattern.fullmatch)
        shutil.rmtree(target, ignore_errors=True)
        (temporary / "pillow.libs").rename(target)


# --- gotch -----------------------------------------------------------------------------------------------------------


def fit_gotch(libtorch):
    """Copies gotch to the cache, makes it compile with this libtorch, and returns the folder of the copy."""
    module = json.loads(run("go", "mod", "download", "-json", f"{GOTCH}@{gotch_version()}", cwd=ROOT, env=outside_workspace()))
    # Whatever else changes in this script, gotch is not fitted and compiled again.
    steps = [inspect.getsource(step) for step in (fit_gotch, silence_unfit_functions, bad_lines, replace_body, write_flags)]
    recipe = "\n".join([module["Sum"], *steps, *libtorch.cxxflags(), *libtorch.ldflags()])
    target = CACHE / f"gotch-{gotch_version()}-libtorch-{libtorch.version_text()}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        copy = Path(temporary) / "gotch"
        shutil.copytree(module["Dir"], copy)
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        write_flags(copy / "libtch/lib.go", "libtch", [*libtorch.cxxflags(), "-O1"], libtorch.ldflags())
        silence_unfit_functions(copy / "libtch", libtorch)
        copy.rename(target)
    return target


def gotch_version():
    return re.search(rf"{re.escape(GOTCH)} (v\S+)", (ROOT / "go.mod").read_text()).group(1)


def outside_workspace():
    return {**os.environ, "GOWORK": "off"}


def silence_unfit_functions(libtch, libtorch):
    """Replaces the body of each generated function that does not compile by a throw.

    gotch's wrappers are generated for one libtorch; a few signatures differ in another. None of them is called here, and
    a caller gets an error instead of a wrong call.
    """
    source = libtch / "torch_api_generated.cpp.h"
    say(f"fitting gotch {gotch_version()} to libtorch {libtorch.version_text()} (about half a minute)")
    for _ in range(4):
        lines = bad_lines(libtch, libtorch, source.name)
        if not lines:
            return
        text = source.read_text().split("\n")
        for line in lines:
            replace_body(text, line - 1)
        source.write_text("\n".join(text))
        say(f"{len(lines)} generated functions are not in this libtorch")
    fail(f"gotch does not compile with libtorch {libtorch.version_text()}; use {TORCH}")


def bad_lines(libtch, libtorch, name):
    command = ["g++", "-fsyntax-only", "-fmax-errors=0", f"-I{libtch}", *libtorch.cxxflags(), str(libtch / "torch_api.cpp")]
    result = subprocess.run(command, text=True, capture_output=True)
    errors = [line for line in result.stderr.splitlines() if ": error:" in line or ": fatal error:" in line]
    if result.returncode and not errors:
        fail(f"g++ failed: {result.stderr.strip()[-400:]}")
    found = {int(match.group(1)) for line in errors if (match := re.search(rf"{re.escape(name)}:(\d+):", line))}
    if errors and not found:
        fail(f"gotch's hand-written C++ does not compile with this libtorch: {errors[0]}")
    return sorted(found)


def replace_body(text, index):
    """Empties the function around text[index]; generated functions start in column 0 and end with a lone brace."""
    start = index
    while not re.match(r"^\S.*\) \{$", text[start]):
        start -= 1
    end = index
    while text[end] != "}":
        end += 1
    returns = "" if text[start].startswith("void ") else "\n  return 0;"
    text[start + 1 : end] = [f'  PROTECT(throw std::runtime_error("not in this libtorch");){returns}'] + [""] * (end - start - 2)


# --- what the checkout gets ----------------------------------------------------------------------------------------


def write_flags(path, package, cxxflags, ldflags):
    content = f"""// Code generated by scripts/setup.py. DO NOT EDIT.

package {package}

// #cgo CFLAGS: -I${{SRCDIR}} -w
// #cgo CXXFLAGS: -I${{SRCDIR}} {' '.join(cxxflags)}
// #cgo LDFLAGS: {' '.join(ldflags)}
import "C"
"""
    if not path.exists() or path.read_text() != content:
        path.write_text(content)


def write_workspace(gotch):
    version = re.search(r"^go (\S+)", (ROOT / "go.mod").read_text(), re.M).group(1)
    content = f"go {version}\n\nuse .\n\nreplace {GOTCH} => {gotch}\n"
    path = ROOT / "go.work"
    if not path.exists() or path.read_text() != content:
        path.write_text(content)


def main():
    require_tools()
    CACHE.mkdir(parents=True, exist_ok=True)
    libtorch = find_libtorch()
    say(f"libtorch {libtorch.version_text()} in {libtorch.folder} ({libtorch.origin}; {'new' if libtorch.new_abi else 'old'} C++ ABI)")
    fetch_image_libraries()
    gotch = fit_gotch(libtorch)
    write_flags(ROOT / "internal/torch/libtorch_flags.go", "torch", [*libtorch.cxxflags(), "-O2"], libtorch.ldflags())
    write_workspace(gotch)
    say("done; now go build, go test and go vet work as usual")


if __name__ == "__main__":
    main()
