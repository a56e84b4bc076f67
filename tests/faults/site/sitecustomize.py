"""Python runs this at the start of each process that has this folder in its PYTHONPATH.

KILL_AT=module:Class.method:before|after ends the process as a power cut would, the first time that
the method is reached in whatever process comes first: the file KILL_MARK says that it has happened.
Modules may have been imported already (tests/support/warm.py).
CLOCK_SKEW_S=seconds moves the wall clock of this process. Production code knows of neither.
"""

import functools
import importlib
import importlib.abc
import os
import sys


def _die() -> None:
    try:
        os.close(os.open(os.environ["KILL_MARK"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), 9)


def _deadly(function, when):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        if when == "before":
            _die()
        answer = function(*args, **kwargs)
        if when == "after":
            _die()
        return answer

    return wrapper


def _patch(module, path: str, when: str) -> None:
    *owner, method = path.split(".")
    place = functools.reduce(getattr, owner, module)
    setattr(place, method, _deadly(getattr(place, method), when))


class _Patcher(importlib.abc.MetaPathFinder):
    """Patches the module as soon as it has been loaded."""

    def __init__(self, module: str, path: str, when: str) -> None:
        self.module, self.path, self.when = module, path, when

    def find_spec(self, name, path=None, target=None):
        if name != self.module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            _patch(module, self.path, self.when)

        spec.loader.exec_module = exec_module
        return spec


def _skew(seconds: float) -> None:
    import datetime
    import time

    real_time, real_datetime = time.time, datetime.datetime

    class Skewed(real_datetime):
        @classmethod
        def now(cls, tz=None):
            return real_datetime.now(tz) + datetime.timedelta(seconds=seconds)

        @classmethod
        def utcnow(cls):
            return cls.now(datetime.UTC).replace(tzinfo=None)

    time.time = lambda: real_time() + seconds
    time.time_ns = lambda: int(time.time() * 1e9)
    datetime.datetime = Skewed


if os.environ.get("KILL_AT"):
    import importlib.util

    name, path, when = os.environ["KILL_AT"].split(":")
    if name in sys.modules:
        _patch(sys.modules[name], path, when)
    else:
        sys.meta_path.insert(0, _Patcher(name, path, when))
if os.environ.get("CLOCK_SKEW_S"):
    _skew(float(os.environ["CLOCK_SKEW_S"]))
