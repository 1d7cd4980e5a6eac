import pytest

from service.embeddings.model_files import read_model_files
from service.embeddings.sentence_model import SentenceModel


@pytest.fixture(scope="package")
def model() -> SentenceModel:
    """The pinned local model."""
    return SentenceModel(read_model_files())
