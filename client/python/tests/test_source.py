"""Limits of the package: the grammar of the oldest supported Python, and its imports."""

import ast
import sys
from pathlib import Path

import alpa_auth_client
import pytest

FILES = sorted(Path(alpa_auth_client.__file__).parent.glob("*.py"))


# ast.parse of Python 3.7 has no feature_version, and needs none.
if sys.version_info >= (3, 8):

    @pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
    def test_is_written_in_the_grammar_of_python_3_7(file: Path) -> None:
        ast.parse(file.read_text(), feature_version=(3, 7))


def test_includes_its_types() -> None:
    assert (FILES[0].parent / "py.typed").exists()
