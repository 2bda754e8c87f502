"""What the service refuses over HTTP."""

from proximity.authority.api_error import ApiError, quota_exceeded, unparsable
from proximity.errors import PolicyError


def test_a_refusal_has_status_code_and_sentence():
    error = ApiError(412, "unsupported_test_type", "not ready for it")

    assert isinstance(error, PolicyError)
    assert (error.status, error.code, str(error)) == (
        412,
        "unsupported_test_type",
        "not ready for it",
    )


def test_malformed_requests_and_quotas_have_their_published_codes():
    assert (unparsable().status, unparsable().code) == (400, "unparsable_request")
    assert (quota_exceeded().status, quota_exceeded().code) == (429, "quota_exceeded")
