"""`smearcount serve`: says where it serves once it does, and one line and an exit code where it cannot."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.settings import read_settings
from pipeline.cli.exit_codes import ExitCode
from pipeline.errors import SettingsError
from tests.api.conftest import PATIENCE_S, REPOSITORY

KEY = "a key of the night shift"
SERVE = "from pipeline.cli.app import main; main()"


def _started(data: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SMEARCOUNT_")}
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve", "--data", str(data), *words],
        cwd=REPOSITORY,
        env={**clean, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(data: Path, *words: str, **environment: str) -> tuple[int, str]:
    """Exit code and the one line on stderr of a service that cannot start."""
    with _started(data, *words, **environment) as process:
        out, line = process.communicate(timeout=PATIENCE_S)
    assert out == ""
    assert line.startswith("smearcount: ")
    assert line.count("\n") == 1, line
    return process.returncode, line


@contextmanager
def _serving(data: Path, *words: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with _started(data, "--port", "0", *words, **environment) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.fullmatch(r"smearcount: serving on (http://\S+) \(Ctrl-C ends it\)\n", line)
            assert found, line
            yield process, found[1]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_as_soon_as_it_says_so_and_ends_in_order(tmp_path, number):
    with _serving(tmp_path / "data") as (process, address):
        assert httpx.get(f"{address}/v1/health").status_code == 200
        process.send_signal(number)
        _, rest = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, rest) == (ExitCode.DONE, "")


def test_a_port_in_use_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        code, line = _ended(tmp_path / "data", "--port", str(port))
    assert code == ExitCode.TRY_AGAIN
    assert f"port {port} of 127.0.0.1 is in use by another program" in line


def test_a_folder_that_cannot_be_used_is_told_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    code, line = _ended(tmp_path / "file" / "data", "--port", "0")
    assert code == ExitCode.FAILED
    assert "as the data folder" in line


def test_an_empty_variable_does_not_make_the_current_folder_that_of_the_data(monkeypatch) -> None:
    monkeypatch.setenv("SMEARCOUNT_DATA_DIR", "")
    with pytest.raises(SettingsError, match="SMEARCOUNT_DATA_DIR is ''; expected a path"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SMEARCOUNT_MAX_UPLOAD_MB", "0", "SMEARCOUNT_MAX_UPLOAD_MB is '0'; expected at least 1"),
        ("SMEARCOUNT_WORKERS", "two", "SMEARCOUNT_WORKERS is 'two'; expected a whole number"),
        ("SMEARCOUNT_UPLOAD_TIMEOUT_S", "inf", "SMEARCOUNT_UPLOAD_TIMEOUT_S is 'inf'; expected a finite"),
        ("SMEARCOUNT_SILENCE_TIMEOUT_S", "0", "SMEARCOUNT_SILENCE_TIMEOUT_S is '0'; expected more than 0"),
        ("SMEARCOUNT_INSECURE", "perhaps", "SMEARCOUNT_INSECURE is 'perhaps'; expected true or false"),
        ("SMEARCOUNT_KEY_FILE", "", "SMEARCOUNT_KEY_FILE is ''; expected a path, or the variable left out"),
        ("SMEARCOUNT_KEY_FILE", "/nothing/here", "the key file /nothing/here cannot be read"),
        ("SMEARCOUNT_HOST", "no.such.host.invalid", "no.such.host.invalid is"),
    ],
)
def test_a_bad_setting_is_told_in_one_line(tmp_path, name, value, told):
    code, line = _ended(tmp_path / "data", "--port", "0", **{name: value})
    assert code == ExitCode.WRONG_USAGE
    assert told in line
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_is_opened_to_other_computers_only_with_keys_or_on_ones_word(tmp_path, host):
    code, line = _ended(tmp_path / "data", "--port", "0", "--host", host)
    assert code == ExitCode.WRONG_USAGE
    assert "--key-file" in line
    assert "--insecure" in line


def test_with_a_key_file_other_computers_are_let_in_that_have_a_key(tmp_path):
    (tmp_path / "keys").write_text(KEY)
    words = ("--host", "0.0.0.0", "--key-file", str(tmp_path / "keys"), "--allow-host", "lab-pc")
    with _serving(tmp_path / "data", *words) as (_, address):
        health = f"{address.replace('0.0.0.0', '127.0.0.1')}/v1/health"
        key = {"Authorization": f"Bearer {KEY}"}
        assert httpx.get(health).status_code == 401
        assert httpx.get(health, headers=key).status_code == 200
        assert httpx.get(health, headers={**key, "Host": "lab-pc:8000"}).status_code == 200
        assert httpx.get(health, headers={**key, "Host": "evil.example"}).status_code == 421


def test_who_insists_opens_it_without_a_key(tmp_path):
    with _serving(tmp_path / "data", "--host", "0.0.0.0", "--insecure") as (_, address):
        assert httpx.get(f"{address.replace('0.0.0.0', '127.0.0.1')}/v1/health").status_code == 200
