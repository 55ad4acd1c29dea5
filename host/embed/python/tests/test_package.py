"""What the wheel holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

HERE = Path(__file__).parents[1]


def test_the_wheel_has_the_sources_one_module_and_the_licence(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(tmp_path)], cwd=HERE, check=True)
    (wheel,) = tmp_path.iterdir()
    names = ZipFile(wheel).namelist()
    sources = {str(one.relative_to(HERE / "src")) for one in HERE.glob("src/**/*.py")}
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed == sources | {"scimlet/py.typed", "scimlet/scimlet-module.wasm"}
    (licence,) = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    text = (HERE.parents[2] / "LICENSE").read_text()
    assert ZipFile(wheel).read(licence).decode() == text
