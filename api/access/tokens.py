"""Tokens that the service signs and recognises without keeping any: of a form, and of a person let in."""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field

__all__ = ["FORM_COOKIE", "FORM_FIELD", "SESSION_COOKIE", "SESSION_S", "Signer"]

FORM_COOKIE = "smearcount_form"
FORM_FIELD = "form_token"
SESSION_COOKIE = "smearcount_session"
SESSION_S = 12 * 3600
"""How long a browser stays let in: a working day."""
_NONCE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs with a secret that lives as long as the service: after a restart a page has to be loaded anew."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def nonce(self, cookie: str | None) -> str:
        """What the form cookie holds: what it held before where that can be used."""
        return cookie if cookie and _NONCE.fullmatch(cookie) else secrets.token_hex(16)

    def form_token(self, nonce: str) -> str:
        """What a form carries beside the cookie that holds the nonce."""
        return self._sign("form", nonce)

    def is_form_token(self, token: str, cookie: str | None) -> bool:
        """Whether a form was drawn by this service for the browser that sends it."""
        return bool(cookie) and hmac.compare_digest(
            self.form_token(cookie or "").encode(), token.encode("utf-8", "replace")
        )

    def session(self) -> str:
        """A token for who showed a key."""
        until = str(int(time.time()) + SESSION_S)
        return f"{until}.{self._sign('session', until)}"

    def is_session(self, token: str) -> bool:
        """Whether a token was given to somebody who showed a key, less than SESSION_S ago."""
        until, _, signature = token.partition(".")
        signed = hmac.compare_digest(
            self._sign("session", until).encode(), signature.encode("utf-8", "replace")
        )
        return signed and until.isdigit() and time.time() < int(until)

    def _sign(self, purpose: str, text: str) -> str:
        message = f"{purpose}:{text}".encode("utf-8", "surrogateescape")
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()
