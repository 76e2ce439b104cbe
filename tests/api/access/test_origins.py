"""Which hosts and origins are let in."""

import pytest

from api.access.origins import AllowedHosts, is_loopback, is_own_site

LOOPBACK = AllowedHosts.of("127.0.0.1", [])
LAB = AllowedHosts.of("10.0.0.7", ["Lab-PC.example"])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "localhost", "LOCALHOST:8000", "localhost.:8000", "[::1]:8000", "[::1]"],
)
def test_this_computer_is_always_let_in(host):
    assert LOOPBACK.lets_in(host)
    assert LAB.lets_in(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "127.0.0.1@evil.example",
        "evil.example#127.0.0.1",
        "127.0.0.1:8000:1",
        "10.0.0.7",
        "0.0.0.0",
        "::1",
        "",
        " ",
    ],
)
def test_any_other_host_is_foreign(host):
    assert not LOOPBACK.lets_in(host)


def test_the_address_it_listens_on_and_the_names_it_was_given_are_let_in():
    assert LAB.lets_in("10.0.0.7:8000")
    assert LAB.lets_in("lab-pc.EXAMPLE")
    assert not LAB.lets_in("10.0.0.8")


@pytest.mark.parametrize("bound", ["0.0.0.0", "::"])
def test_who_listens_on_every_address_goes_by_every_address_and_by_no_foreign_name(bound):
    everywhere = AllowedHosts.of(bound, [])
    assert everywhere.lets_in("192.168.1.5:8000")
    assert everywhere.lets_in("[fe80::1]:8000")
    assert not everywhere.lets_in("evil.example:8000")


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://LOCALHOST:8000", "localhost:8000", True),
        ("http://localhost", "localhost:80", True),
        ("https://localhost", "localhost", True),
        ("https://lab-pc.example", "127.0.0.1:8000", True),  # a proxy that asks in its own name
        ("http://127.0.0.1:3000", "127.0.0.1:8000", False),  # another program of this computer
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("http://evil.example", "127.0.0.1:8000", False),
        ("http://evil.example:8000", "127.0.0.1:8000", False),
        ("null", "127.0.0.1:8000", False),
        ("", "127.0.0.1:8000", False),
        ("file://", "127.0.0.1:8000", False),
        ("http://127.0.0.1:99999", "127.0.0.1:8000", False),
    ],
)
def test_an_origin_is_its_own_or_foreign(origin, host, own):
    assert LAB.is_own_origin(origin, host) is own


@pytest.mark.parametrize(
    ("site", "mode", "destination", "reads", "changes"),
    [
        ("", "", "", True, True),
        ("same-origin", "cors", "empty", True, True),
        ("none", "navigate", "document", True, True),
        ("cross-site", "navigate", "document", True, False),  # a link that is followed
        ("cross-site", "no-cors", "image", False, False),
        ("cross-site", "cors", "empty", False, False),
        ("same-site", "no-cors", "script", False, False),
        ("cross-site", "navigate", "iframe", False, False),
    ],
)
def test_what_a_browser_says_of_a_request_decides(site, mode, destination, reads, changes):
    assert is_own_site(site, mode, destination, changes=False) is reads
    assert is_own_site(site, mode, destination, changes=True) is changes


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.7", False),
        ("lab-pc", False),
        ("", False),
    ],
)
def test_an_address_is_of_this_computer_alone_or_not(address, loopback):
    assert is_loopback(address) is loopback
