"""Numbers of a disease and of a country come from a file, within bounds."""

import pytest

from proximity.authority.cases.policy import TracingPolicy, load_policy, policy_of
from proximity.errors import FormatError


def test_without_a_file_the_defaults_hold(tmp_path):
    assert load_policy(tmp_path) == TracingPolicy()


def test_a_file_changes_what_it_names(tmp_path):
    (tmp_path / "tracing.json").write_text('{"latent_days": 4, "rule": "nhs"}')
    policy = load_policy(tmp_path)

    assert (policy.latent_days, policy.rule) == (4, "nhs")
    assert policy.follow_up_days == TracingPolicy().follow_up_days


@pytest.mark.parametrize(
    "values",
    [
        {"latent_days": "4"},
        {"latent_days": True},
        {"latent_days": -1},
        {"retention_days": 22},
        {"tolerance_s": 3_600},
        {"least_share_percent": 0},
        {"token_life_s": 1},
        {"rule": "of-thumb"},
        {"colour": "red"},
    ],
)
def test_what_cannot_be_is_a_named_error(values):
    with pytest.raises(FormatError):
        policy_of(values)
