"""Other processes of a run: started, asked a line at a time, and stopped, all within bounds."""

from __future__ import annotations

import shutil
import subprocess
import threading

from tests.bench.course import WATCHED, Missing

START_SECONDS = 30
ANSWER_SECONDS = 120.0

Process = subprocess.Popen[str]


def program(name: str) -> str:
    """Return where a program of this machine is; Missing where it is not."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not on this machine")
    return found


def started(*command: object) -> Process:
    """Start a program that is asked and answers by lines."""
    return subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def ask(process: Process, text: str, seconds: float = ANSWER_SECONDS) -> str:
    """Send a process a line and return the line it answers with."""
    tell(process, text)
    return heard(process, seconds)


def tell(process: Process, text: str) -> None:
    """Send a process a line."""
    if process.stdin is None:
        raise RuntimeError("this process was started without a way to tell it something")
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


def heard(process: Process, seconds: float = ANSWER_SECONDS) -> str:
    """Return the next line that a process says; it is stopped where that takes too long."""
    if process.stdout is None:
        raise RuntimeError("this process was started without a way to hear it")
    watch = threading.Timer(seconds, process.kill)
    watch.start()
    try:
        answer = process.stdout.readline()
    finally:
        watch.cancel()
    if not answer:
        raise RuntimeError(f"{str(process.args)[:200]} said nothing more: {process.poll()}")
    return answer.strip()


def watched(name: str, process: Process | subprocess.Popen[bytes]) -> None:
    """Tell how much of the work this process does, until it is stopped."""
    WATCHED[name] = process.pid


def end(process: Process | subprocess.Popen[bytes]) -> None:
    """Stop a process that we started; by force where it does not listen."""
    for name in [name for name, pid in WATCHED.items() if pid == process.pid]:
        del WATCHED[name]
    process.terminate()
    try:
        process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(START_SECONDS)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
