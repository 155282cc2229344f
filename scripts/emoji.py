#!/usr/bin/env python3
"""Fetches the emoji packages with npm into the cache folder, where `mclclip data emoji` finds them.

Nothing is run from the packages, and only their pictures, tables and licences are unpacked. The archives are checked
against the sums below. Running it again with the packages in place costs nothing.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mclclip" / "emoji"

# package: (SHA-256 of the archive, what is unpacked)
PACKAGES = {
    "emoji-datasource-google@16.0.0": (
        "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
        r"(img/google/64/[^/]+\.png|emoji\.json|package\.json|LICENSE|README\.md)",
    ),
    "emoji-datasource-twitter@16.0.0": (
        "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
        r"(img/twitter/64/[^/]+\.png|emoji\.json|package\.json|LICENSE|README\.md)",
    ),
    "openmoji@17.0.0": (
        "55ee7d13485dec86e9f38c1f3a645a13382d33ff97c0cd845ee824b0aef45e68",
        r"(color/svg/[^/]+\.svg|data/openmoji\.csv|package\.json|LICENSE\.txt|README\.md)",
    ),
}


def say(text):
    print(f"emoji: {text}", file=sys.stderr, flush=True)


def download(package, folder):
    """Returns the path of the package's archive below folder."""
    command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), package]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"emoji: npm pack {package}: {error}; npm and access to its registry are needed")
    return next(Path(folder).glob("*.tgz"))


def check(path, want):
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    if got != want:
        sys.exit(f"emoji: {path.name} has SHA-256 {got}, want {want}")


def unpack(archive, pattern, folder):
    """Unpacks the plain files whose path below package/ matches the whole pattern."""
    wanted = re.compile("package/" + pattern)
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and wanted.fullmatch(member.name):
                path = folder / member.name.removeprefix("package/")
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(path, "wb") as out:
                    shutil.copyfileobj(tar.extractfile(member), out)


def fetch(package, digest, pattern):
    destination = CACHE / package.replace("@", "-")
    if destination.is_dir():
        return
    say(f"fetching {package}")
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".tmp-") as temporary:
        archive = download(package, temporary)
        check(archive, digest)
        unpack(archive, pattern, Path(temporary) / "package")
        os.rename(Path(temporary) / "package", destination)


def main():
    CACHE.mkdir(parents=True, exist_ok=True)
    for package, (digest, pattern) in PACKAGES.items():
        fetch(package, digest, pattern)
    say(f"packages are in {CACHE}")


if __name__ == "__main__":
    main()
