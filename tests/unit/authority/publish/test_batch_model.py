"""What publication remembers."""

from proximity.authority.publish.batch_model import BatchState


def test_a_batch_is_taken_then_built_then_shown():
    assert list(BatchState) == ["taken", "built", "shown"]
