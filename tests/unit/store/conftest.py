import pytest

from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey


@pytest.fixture
def store(tmp_path):
    connection = open_store(tmp_path / "store.sqlite")
    yield connection
    connection.close()


@pytest.fixture
def sealing():
    return SealingKey(bytes(range(32)))
