"""Keys are read from a file and recognised; what is no key is told in one line."""

import pytest

from api.access.keys import KEY_CHARACTERS_MIN, read_keys
from pipeline.errors import SettingsError

GOOD = "0123456789abcdef"


def _file(tmp_path, content: str):
    path = tmp_path / "keys.txt"
    path.write_text(content)
    return path


def test_no_file_is_no_key():
    keys = read_keys(None)
    assert not keys
    assert not keys.opens("")


def test_each_line_is_a_key_and_a_remark_is_none(tmp_path):
    keys = read_keys(_file(tmp_path, f"# of the night shift\n{GOOD}\n\n  {GOOD[::-1]}  \n"))
    assert keys
    assert keys.opens(GOOD)
    assert keys.opens(GOOD[::-1])
    for wrong in ("", GOOD[:-1], GOOD + "0", "# of the night shift", GOOD.upper(), "\udcff", "x" * 10_000):
        assert not keys.opens(wrong)


def test_the_keys_are_not_told(tmp_path):
    assert GOOD not in repr(read_keys(_file(tmp_path, GOOD)))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "holds no key"),
        ("# nothing\n\n", "holds no key"),
        (f"{GOOD}\n{'x' * (KEY_CHARACTERS_MIN - 1)}\n", "line 2"),
        ("schlüssel-schlüssel", "line 1"),
        (f"{GOOD} {GOOD}\tx", "line 1"),
        ("x" * 2000, "line 1"),
    ],
)
def test_what_is_no_key_is_told_without_showing_it(tmp_path, content, found):
    with pytest.raises(SettingsError, match=found) as told:
        read_keys(_file(tmp_path, content))
    assert "xxx" not in str(told.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_keys(tmp_path / "nothing")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_keys(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_keys(tmp_path / "bytes")
