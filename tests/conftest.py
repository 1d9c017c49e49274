"""Fixtures shared by all rooms' tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

import samples as sample_files

settings.register_profile("yinji", deadline=None)  # a busy machine is no failure
settings.load_profile("yinji")


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which :mod:`samples` caches what real encoders made, once a session."""
    directory = tmp_path_factory.mktemp("samples")
    sample_files.use(directory)
    return directory
