"""Ctrl-C in the emulator: a real signal to a real process ends it with 130 and one line."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armlet.cli.terminal.process import _interrupt as of_the_command_line
from emulated import machine
from generators.builds import QUICK, compiled
from generators.perceptrons import small_network

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no SIGINT to a child there")

_SIGNALLED = """if True:
    import os, signal, sys, threading
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    sys.path[:0] = {path!r}
    import armlet.{module} as module
    honest = module.{function}
    signals = [threading.Timer({delay}, os.kill, (os.getpid(), signal.SIGINT))]  # one, wherever it was imported to
    def begun(*arguments, **named):
        if signals:
            signals.pop().start()
        return honest(*arguments, **named)
    module.{function} = begun
    from armlet.cli import main
    sys.argv = ["armlet", *{arguments!r}]
    main()
"""


def _run(module: str, function: str, delay: float, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    """The command in a process that gets the signal so long after the function was called."""
    program = _SIGNALLED.format(module=module, function=function, delay=delay, arguments=arguments, path=sys.path)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(small_network(), tmp_path_factory.mktemp("interrupt"), replace(QUICK, registers=5))


@pytest.mark.parametrize(
    ("module", "function", "delay"),
    [
        ("simulate.watch", "trace_call", 0.0),
        ("simulate.watch", "trace_call", 0.001),
        ("simulate.entries", "trace_call", 0.0005),
    ],
)
def test_ctrl_c_while_a_call_is_watched_ends_verify_with_130(module: str, function: str, delay: float, folder: Path):
    done = _run(module, function, delay, ["verify", str(folder), "--random", "2000", "--quiet"])
    assert (done.returncode, done.stderr) == (130, "armlet: interrupted\n"), done.stderr[-600:]


def test_ctrl_c_in_run_ends_with_130(folder: Path, tmp_path: Path):
    x = tmp_path / "x.npy"
    np.save(x, np.zeros((60_000, 9), np.float32))
    done = _run("verify.run", "link_build", 0.6, ["run", str(folder), str(x), "--quiet"])
    assert (done.returncode, done.stderr) == (130, "armlet: interrupted\n"), done.stderr[-600:]


@pytest.mark.parametrize("handler", [signal.default_int_handler, of_the_command_line])
def test_a_call_that_never_ends_is_interrupted_at_once(handler: Callable[..., None]):
    """Python sees no signal while native code runs: without the watchdog it would take as long as a call may."""
    core, before = machine("b f\n"), signal.signal(signal.SIGINT, handler)
    begin = time.monotonic()
    try:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            core.call("f", seconds=30)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begin < 10


def test_what_handles_the_signal_otherwise_is_left_alone():
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        core = machine("bx lr\n")
        core.call("f")
        os.kill(os.getpid(), signal.SIGINT)
        core.call("f")
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]
