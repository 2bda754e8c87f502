"""What the service refuses over HTTP: a status, a code, a sentence."""

from proximity.errors import PolicyError


class ApiError(PolicyError):
    """A request is refused.

    Parameters
    ----------
    status : int
        Of HTTP.
    code : str
        By the published API, for example "code_expired".
    message : str
        For people, without keys, codes or numbers of telephones.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message, "docs/reference/authority-api.md lists the codes.")
        self.status = status
        self.code = code


def unparsable(message: str = "the request cannot be read") -> ApiError:
    """Return the refusal of a malformed request."""
    return ApiError(400, "unparsable_request", message)


def quota_exceeded() -> ApiError:
    """Return the refusal of a client that asks too often."""
    return ApiError(429, "quota_exceeded", "too many requests; try again later")
