"""The compiled module: one for all instances of the process, kept on disk between processes.

A compiled file is machine code, so it is only read from a folder and a file that nobody else can
write. Without such a folder each start compiles, which takes a second or two.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import threading
import time
from pathlib import Path

import wasmtime

TICK_SECONDS = 0.25


#: The module of the package.
MODULE = Path(__file__).with_name("scimlet-module.wasm")


class Code:
    """A module, compiled for this machine, and the clock that bounds how long it computes."""

    def __init__(self, wasm: Path = MODULE) -> None:
        config = wasmtime.Config()
        config.epoch_interruption = True
        self.engine = wasmtime.Engine(config)
        self.module = load(self.engine, wasm)
        #: Of the function that instances import. A type belongs to the first engine that uses it.
        self.import_type = wasmtime.FuncType(
            [wasmtime.ValType.i32(), wasmtime.ValType.i32()], [wasmtime.ValType.i64()]
        )
        self.image: bytes | None = None
        self._ticking_in: int | None = None
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Lets the engine's epoch advance in this process; threads do not survive a fork."""
        if self._ticking_in == os.getpid():
            return
        with self._lock:
            if self._ticking_in != os.getpid():
                self._ticking_in = os.getpid()
                threading.Thread(target=self._advance, name="scimlet-clock", daemon=True).start()

    def _advance(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            self.engine.increment_epoch()


def load(engine: wasmtime.Engine, file: Path = MODULE) -> wasmtime.Module:
    """The module from the cache, or compiled and left there."""
    wasm = file.read_bytes()
    path = cached_file(wasm)
    if path is not None and is_private(path):
        try:
            return wasmtime.Module.deserialize_file(engine, str(path))
        except wasmtime.WasmtimeError:
            pass  # Of another build of wasmtime, or of another processor.
    module = wasmtime.Module(engine, wasm)
    if path is not None:
        keep(path, bytes(module.serialize()))
    return module


def cached_file(wasm: bytes) -> Path | None:
    """Where the compiled code of this module and this wasmtime belongs; None for nowhere."""
    try:
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: there is no home.
        return None
    if not is_private(folder):
        return None
    # An installation of wasmtime; its version would take longer to find out. What another version
    # compiled is refused when it is read.
    installed = os.stat(wasmtime.__file__)
    runtime = f"{wasmtime.__file__} {installed.st_mtime_ns} {platform.machine()}"
    digest = hashlib.sha256(wasm + runtime.encode()).hexdigest()[:32]
    return folder / f"{digest}.compiled"


def cache_folder() -> Path:
    """`SCIMLET_CACHE`, or a folder where this system keeps a user's caches."""
    named = os.environ.get("SCIMLET_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "scimlet"


def is_private(path: Path) -> bool:
    """Whether it exists, is ours, and nobody else can write it."""
    try:
        status = path.lstat()
    except OSError:
        return False
    if sys.platform == "win32":
        return True  # Profiles of users are closed to others there.
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def keep(path: Path, compiled: bytes) -> None:
    """Writes the file whole or not at all; several processes may do so at once."""
    import tempfile  # Only the first start needs it.

    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(compiled)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
