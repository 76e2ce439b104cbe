"""The keys that open the service, one a line of a file."""

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import SettingsError

__all__ = ["KEY_CHARACTERS_MIN", "Keyring", "read_keys"]

KEY_CHARACTERS_MIN = 16
"""Shortest key: 16 hexadecimal digits hold 64 bits, which nobody guesses over a network."""
_KEY_BYTES_MAX = 1024  # longest key that is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The keys of a service, kept as their SHA-256; none where everybody who reaches it is let in."""

    digests: tuple[bytes, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        """Whether a key is asked for."""
        return bool(self.digests)

    def opens(self, key: str) -> bool:
        """Whether this is one of the keys; takes as long whichever it is, and however much of it is right."""
        asked = hashlib.sha256(key.encode("utf-8", "surrogateescape")[:_KEY_BYTES_MAX]).digest()
        found = False
        for digest in self.digests:
            found |= hmac.compare_digest(asked, digest)
        return found


def read_keys(path: Path | None) -> Keyring:
    """The keys of a file: one a line; empty lines and those that begin with # are passed over.

    Raises
    ------
    SettingsError
        Where it cannot be read, holds no key, or a key that is short or not printable ASCII.
    """
    if path is None:
        return Keyring()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise SettingsError(
            f"the key file {path} cannot be read ({reason}); expected a text file with one key a line"
        ) from error
    keys = []
    for number, line in enumerate(lines, start=1):
        key = line.strip()
        if not key or key.startswith("#"):
            continue
        if not KEY_CHARACTERS_MIN <= len(key) <= _KEY_BYTES_MAX or not (key.isascii() and key.isprintable()):
            raise SettingsError(
                f"line {number} of the key file {path} is no key; expected {KEY_CHARACTERS_MIN} to "
                f"{_KEY_BYTES_MAX} characters of printable ASCII, such as those of `openssl rand -hex 16`"
            )
        keys.append(key)
    if not keys:
        raise SettingsError(
            f"the key file {path} holds no key; write one a line, such as that of `openssl rand -hex 16`"
        )
    return Keyring(digests=tuple(hashlib.sha256(key.encode()).digest() for key in keys))
