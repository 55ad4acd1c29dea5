"""Instances of the module: texts that go in and come out (`wit/module.md`), and a pool of them."""

from __future__ import annotations

import ctypes
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import wasmtime

from ._code import TICK_SECONDS, Code
from ._errors import Fault

#: What a call may use. Past either it ends with a Fault. Waiting for the database does not count.
MEMORY_BYTES = 256 << 20
SECONDS = 10.0
#: An instance whose memory has grown beyond this is not kept.
KEPT_BYTES = 16 << 20
ABI_VERSION = 1
PAGE = 1 << 16

#: Answers a call that the module makes, text for text.
Answer = Callable[[bytes], bytes]


class Instance:
    """Runs one call at a time. After an exception it is of no use."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._store = wasmtime.Store(code.engine)
        self._store.set_limits(memory_size=MEMORY_BYTES)
        self._computed = 0.0
        self._answer: Answer | None = None
        self._raised: BaseException | None = None
        self._resume()
        # wasmtime holds this function until the store goes: it must not hold the store.
        this = weakref.ref(self)
        imported = wasmtime.Func(
            self._store, code.import_type, lambda *text: _alive(this)._imported(*text)
        )
        instance = wasmtime.Instance(self._store, code.module, [imported])
        exports: Any = instance.exports(self._store)
        self._memory = exports["memory"]
        self._allocate, self._free = exports["allocate"], exports["free"]
        self._run = exports["call"]
        version = exports["abi_version"](self._store)
        if version != ABI_VERSION:
            raise Fault(f"scimlet-module.wasm has version {version}, not {ABI_VERSION}")
        if code.image is None:
            # Two threads may both do this; their images are equal.
            self.call(b'{"call":"provider.prepare"}', _unanswered)
            code.image = self._read(0, self.size)
        else:
            self._restore(code.image)

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return int(self._memory.data_len(self._store))

    def call(self, text: bytes, answer: Answer) -> bytes:
        """Passes a text to the module, whose own calls `answer` answers; returns what it returned.

        Raises Fault where it ended otherwise, or whatever `answer` raised."""
        self._answer, self._computed = answer, 0.0
        try:
            self._resume()
            packed = self._run(self._store, *self._put(text))
            address, length = _parts(packed)
            returned = self._read(address, length)
            self._free(self._store, address, length)
            return returned
        except Exception as error:
            if self._raised is not None:
                raise self._raised from None
            raise Fault(f"scimlet ended without an answer: {error}") from error
        finally:
            self._answer = None

    def _imported(self, address: int, length: int) -> int:
        self._computed += time.monotonic() - self._resumed
        try:
            assert self._answer is not None
            answer = self._answer(self._read(address & 0xFFFFFFFF, length & 0xFFFFFFFF))
            self._resume()
            address, length = self._put(answer)
            return address << 32 | length
        except BaseException as error:
            # wasmtime keeps the exception in one variable of the process: it gets another one.
            self._raised = error
            raise RuntimeError("the call is given up") from None

    def _resume(self) -> None:
        """Gives the module what is left of its time. A process that forked has no clock yet."""
        self._code.tick()
        self._resumed = time.monotonic()
        left = max(SECONDS - self._computed, 0.0)
        self._store.set_epoch_deadline(1 + round(left / TICK_SECONDS))

    def _put(self, text: bytes) -> tuple[int, int]:
        length = len(text)
        address = int(self._allocate(self._store, length)) & 0xFFFFFFFF
        self._check(address, length)
        ctypes.memmove(self._base() + address, text, length)
        return address, length

    def _read(self, address: int, length: int) -> bytes:
        self._check(address, length)
        return ctypes.string_at(self._base() + address, length)

    def _base(self) -> int:
        """Where the memory begins; it moves when it grows."""
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)

    def _check(self, address: int, length: int) -> None:
        if address + length > self.size:
            raise Fault("an address outside the memory")

    def _restore(self, image: bytes) -> None:
        missing = len(image) - self.size
        if missing > 0:
            self._memory.grow(self._store, -(-missing // PAGE))
        ctypes.memmove(self._base(), image, len(image))


def _alive(this: weakref.ref[Instance]) -> Instance:
    instance = this()
    assert instance is not None, "a call holds its instance"
    return instance


def _parts(packed: int) -> tuple[int, int]:
    return (packed >> 32) & 0xFFFFFFFF, packed & 0xFFFFFFFF


def _unanswered(_text: bytes) -> bytes:
    raise Fault("this call has no imports")


class Pool:
    """Idle instances, each of which has served one tenant only."""

    def __init__(self, code: Code, idle: int) -> None:
        self._code, self._most = code, idle
        #: The one that was used last is at the end.
        self._idle: list[tuple[str, Instance]] = []
        self._lock = threading.Lock()

    def call(self, tenant: str, text: bytes, answer: Answer) -> bytes:
        """Runs a call in an instance of the tenant's. One that fails is thrown away."""
        instance = self._take(tenant)
        returned = instance.call(text, answer)
        if instance.size <= KEPT_BYTES:
            self._keep(tenant, instance)
        return returned

    def _take(self, tenant: str) -> Instance:
        with self._lock:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place][0] == tenant:
                    return self._idle.pop(place)[1]
        return Instance(self._code)

    def _keep(self, tenant: str, instance: Instance) -> None:
        with self._lock:
            self._idle.append((tenant, instance))
            evicted = self._idle[: -self._most] if self._most else self._idle[:]
            del self._idle[: len(evicted)]
        del evicted  # Outside the lock.
