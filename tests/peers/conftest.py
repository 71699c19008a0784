"""The exercises speak by their assertions, as tests do."""

import pytest

pytest.register_assert_rewrite("tests.peers.exercises")
