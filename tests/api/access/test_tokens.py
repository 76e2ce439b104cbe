"""Tokens are recognised where this service signed them, for this purpose, not long ago."""

import time

import pytest

from api.access.tokens import SESSION_S, Signer


def test_a_form_token_belongs_to_its_cookie_and_its_service():
    signer, other = Signer(), Signer()
    nonce, stranger = signer.nonce(None), signer.nonce(None)
    token = signer.form_token(nonce)
    assert signer.is_form_token(token, nonce)
    for wrong, cookie in [(token, stranger), (token, None), ("", nonce), ("", ""), ("\udcff", nonce)]:
        assert not signer.is_form_token(wrong, cookie)
    assert not other.is_form_token(token, nonce)


@pytest.mark.parametrize("cookie", [None, "", "short", "Z" * 32, "a" * 33])
def test_a_cookie_of_somebody_elses_making_is_replaced(cookie):
    assert Signer().nonce(cookie) != cookie


def test_a_cookie_is_kept_so_that_two_windows_agree():
    signer = Signer()
    nonce = signer.nonce(None)
    assert signer.nonce(nonce) == nonce


def test_a_session_ends(monkeypatch):
    signer, now = Signer(), time.time()
    session = signer.session()
    assert signer.is_session(session)
    assert not Signer().is_session(session)
    monkeypatch.setattr(time, "time", lambda: now + SESSION_S + 2)
    assert not signer.is_session(session)


def test_a_session_cannot_be_made_or_made_longer():
    signer = Signer()
    until, _, signature = signer.session().partition(".")
    for wrong in ("", ".", "x.y", f"{int(until) + 1}.{signature}", f"{until}.", f"{until}.\udcff"):
        assert not signer.is_session(wrong)
    nonce = signer.nonce(None)
    assert not signer.is_session(f"{until}.{signer.form_token(until)}")
    assert not signer.is_form_token(signature, nonce)
