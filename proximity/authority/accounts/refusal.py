"""A refusal with a code, so that it can be said in every language."""

from proximity.errors import PolicyError


class RefusalError(PolicyError):
    """An officer may not do what they asked for, or not like this.

    Parameters
    ----------
    code : str
        The message `error.<code>` says it to people.
    message, hint : str
        For logs and commands, in English.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.code = code
