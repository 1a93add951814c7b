"""The error that reaches a user as one sentence."""

import difflib
from collections.abc import Sequence


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """``'did you mean a or b? '``, or nothing where no name is similar."""
    near = difflib.get_close_matches(name, names, 3)
    return f"did you mean {' or '.join(near)}? " if near else ''


class InputError(Exception):
    """A mistake in the user's files, config or command.

    The message is one sentence: the file or key, what was found, what was expected or what to do. The command line
    prints it without a stack trace. A DataLoader re-raises a worker's error with the worker's trace as its message;
    only the sentence is kept.

    Args:
        message (str): The sentence.
    """

    def __init__(self, message: str) -> None:
        sentence = message.rsplit('mmsight.errors.InputError: ', 1)[-1]
        super().__init__(' '.join(sentence.split('\n')).strip())  # what it quotes of a file may hold line breaks


class OutputError(InputError):
    """A result cannot be written, say because no space is left: what is still to be done would fail in the same way."""


class Stopped(Exception):
    """A training that a signal ended after its state was saved; the message says where it goes on.

    The command line ends with :data:`GO_ON`.
    """


GO_ON = 75
"""Exit status of what goes on when it is given again with ``--resume``: EX_TEMPFAIL of sysexits.h."""
