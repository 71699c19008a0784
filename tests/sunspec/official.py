"""The official definitions, which come with pysunspec2."""

from importlib.util import find_spec

import pytest

from modbus_schema.sunspec.catalogue import model_ids

IS_THERE = find_spec("sunspec2") is not None
needs_files = pytest.mark.skipif(not IS_THERE, reason="pysunspec2 is not installed")
IDS = model_ids() if IS_THERE else ()
"""The ids of all models."""
