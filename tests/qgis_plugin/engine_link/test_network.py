"""QGIS's proxy and certificates reach the child."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtNetwork import QSslCertificate
from smarties.qgis_plugin.engine_link.network import network, network_environment

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@pytest.fixture(autouse=True)
def settings(home, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy", "PIP_CERT", "SSL_CERT_FILE",
                 "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    settings = QgsSettings()
    yield settings
    settings.remove("proxy")


def use(settings: QgsSettings, **values: object) -> None:
    for name, value in {"proxyEnabled": True, "proxyType": "HttpProxy", **values}.items():
        settings.setValue(f"proxy/{name}", value)


def test_without_a_proxy_in_qgis_nothing_is_set(settings):
    assert network_environment() == {}
    use(settings, proxyEnabled=False, proxyHost="proxy.example", proxyPort="3128")
    assert network_environment() == {}


def test_host_port_user_and_password(settings):
    use(settings, proxyHost="proxy.example", proxyPort="3128", proxyUser="zoé", proxyPassword="a@b:c/d ü",
        noProxyUrls=["https://intranet.example/data", "localhost", ""])  # fmt: skip
    found = network()
    address = "http://zo%C3%A9:a%40b%3Ac%2Fd%20%C3%BC@proxy.example:3128"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        assert found.variables[name] == address
    assert found.variables["NO_PROXY"] == found.variables["no_proxy"] == "intranet.example,localhost"
    assert found.secrets == ("a@b:c/d ü",)


def test_the_user_s_own_exceptions_stay(settings, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "10.0.0.1, .local")
    use(settings, proxyHost="p", proxyPort="1", noProxyUrls=["https://a.example"])
    assert network_environment()["NO_PROXY"] == "10.0.0.1,.local,a.example"


def test_socks_and_numeric_addresses(settings):
    use(settings, proxyType="Socks5Proxy", proxyHost="::1", proxyPort="1080")
    assert network_environment()["HTTPS_PROXY"] == "socks5h://[::1]:1080"


@pytest.mark.parametrize("values", [
    {"proxyHost": ""}, {"proxyType": "nonsense", "proxyHost": "p"}, {"proxyType": "FtpCachingProxy", "proxyHost": "p"},
])  # fmt: skip
def test_what_is_no_usable_proxy_is_none(settings, values):
    use(settings, **values)
    assert network_environment() == {}


def test_a_damaged_port_is_left_out(settings):
    use(settings, proxyHost="p", proxyPort="abc")
    assert network_environment()["HTTPS_PROXY"] == "http://p"


def test_the_system_s_proxy(settings, monkeypatch):
    use(settings, proxyType="DefaultProxy", proxyHost="ignored")
    assert network_environment() == {}
    monkeypatch.setenv("https_proxy", "http://system.example:8080")
    assert network_environment()["HTTPS_PROXY"] == "http://system.example:8080"


def test_certificates_added_in_qgis_reach_the_child(home, monkeypatch):
    if not CERTIFICATES.is_file():
        pytest.skip("no certificates on this system to add to QGIS")
    certificate = QSslCertificate.fromPath(str(CERTIFICATES))[0]
    manager = QgsApplication.authManager()
    if not manager.storeCertAuthority(certificate):
        pytest.skip("this QGIS cannot store certificates")
    try:
        manager.rebuildCaCertsCache()
        manager.rebuildTrustedCaCertsCache()
        monkeypatch.setenv("PIP_CERT", "/mine.pem")
        variables = network_environment()
        assert variables["SSL_CERT_FILE"] == variables["REQUESTS_CA_BUNDLE"] == str(home / "certificates.pem")
        assert "PIP_CERT" not in variables
        assert bytes(certificate.toPem()).strip() in (home / "certificates.pem").read_bytes()
    finally:
        manager.removeCertAuthority(certificate)
        manager.rebuildCaCertsCache()
        manager.rebuildTrustedCaCertsCache()
