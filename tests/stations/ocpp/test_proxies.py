"""What is believed of a proxy's headers (docs/decisions/0015): addresses, and certificates for security profile 3."""

import pytest

from stations.ocpp import handshake, proxies

BEHIND = proxies.trusted(["127.0.0.0/8", "::1", "10.1.0.0/16"], "X-Client-Subject")


def scope(*headers: tuple[str, str], peer: str = "127.0.0.1") -> dict:
    given = [(name.lower().encode(), value.encode()) for name, value in headers]
    return {"headers": given, "client": [peer, 1], "path": "/ocpp/CP-7", "subprotocols": ["ocpp1.6"]}


@pytest.mark.parametrize(
    ("forwarded", "peer", "remote"),
    [
        (["203.0.113.9"], "127.0.0.1", "203.0.113.9"),
        (["203.0.113.9, 10.1.2.3"], "127.0.0.1", "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9", "10.1.2.3"], "::1", "203.0.113.9"),  # what the client wrote himself stays to the left
        ([], "127.0.0.1", "127.0.0.1"),
        (["1.1.1.1"], "203.0.113.9", "203.0.113.9"),
        (["", "nonsense"], "127.0.0.1", "nonsense"),
    ],
)
def test_the_remote_address_is_the_last_one_that_is_no_proxys(forwarded, peer, remote):
    assert BEHIND.remote(scope(*(("X-Forwarded-For", each) for each in forwarded), peer=peer)) == remote


def test_a_certificate_counts_only_from_a_proxy_only_once_and_only_if_asked_for():
    told = ("X-Client-Subject", "CN=CP-7,O=Rete Adriatica")
    assert handshake.knock(scope(told), "gw", BEHIND).certificate == "CP-7"
    assert BEHIND.certificate(scope(told, peer="203.0.113.9")) == ""
    assert BEHIND.certificate(scope(told, told)) == ""
    assert BEHIND.certificate(scope()) == ""
    assert proxies.trusted(["127.0.0.1"]).certificate(scope(told)) == ""
    assert handshake.knock(scope(told), "gw").certificate == ""


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CP-7", "CP-7"),
        ("CN=CP-7", "CP-7"),
        ("O=Rete Adriatica, CN=CP-7,C=IT", "CP-7"),
        ("O=Rete+CN=CP-7", "CP-7"),
        (r"O=Rete\,CN=CP-9,CN=CP-7", "CP-7"),  # an escaped comma ends nothing
        ("CN=CP-7,CN=CP-9", ""),
        (r"CN=CP\,7", ""),
        ("O=CN", ""),
        ("OCN=CP-7", ""),
        ("", ""),
    ],
)
def test_the_common_name_of_a_subject(subject, name):
    assert proxies.common_name(subject) == name


def test_what_is_no_network_is_refused():
    with pytest.raises(ValueError, match="nowhere"):
        proxies.trusted(["nowhere"])
