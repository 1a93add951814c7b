"""The error that reaches a user as one sentence."""


class InputError(Exception):
    """A mistake in the user's files, config or command.

    The message is one sentence: the file or key, what was found, what was expected or what to do. The command line
    prints it without a stack trace. A DataLoader re-raises a worker's error with the worker's trace as its message;
    only the sentence is kept.

    Args:
        message (str): The sentence.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.rsplit('mmsight.errors.InputError: ', 1)[-1].strip())
