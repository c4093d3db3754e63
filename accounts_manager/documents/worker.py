"""`python -m accounts_manager.documents.worker NICENESS` prints the HTML pages of its input.

It ends with its input, and so with the process that started it; a page that takes too long ends
it, too. It loads nothing but what printing needs: a third less to wait for.
"""

import os
import signal
import sys
from typing import BinaryIO, Final

from accounts_manager.documents.jobs import FAILED, HEAD, PRINTED, framed, length_of
from accounts_manager.documents.pdf import FatalURLFetchingError, Press

JOB_SECONDS_MAX: Final = 40


def main() -> None:
    """Print until the input ends; the one argument is how far to step back for others."""
    os.nice(int(sys.argv[1]))
    # whatever a library prints must not get among the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    press = Press()
    while (job := _read(sys.stdin.buffer)) is not None:
        signal.alarm(JOB_SECONDS_MAX)
        answer = _answer(press, job)
        signal.alarm(0)
        try:
            answers.write(framed(answer))
            answers.flush()
        except BrokenPipeError:
            return  # nobody is there to take it


def _answer(press: Press, job: bytes) -> bytes:
    try:
        return PRINTED + press.print(job.decode())
    except (Exception, FatalURLFetchingError) as error:  # noqa: BLE001 - told to who asked, and raised there
        return FAILED + f"{type(error).__name__}: {error}".encode()


def _read(jobs: BinaryIO) -> bytes | None:
    head = jobs.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    length = length_of(head)
    content = jobs.read(length)
    return content if len(content) == length else None


if __name__ == "__main__":
    main()
