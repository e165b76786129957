"""QGIS's proxy and certificates as environment variables that pip and Python's network libraries understand."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import quote, urlsplit

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

from .paths import data_folder

#: Variables that name a file of trusted certificates; one that the user has set is left alone.
_CERTIFICATE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXY_TYPES = {
    "HttpProxy": QNetworkProxy.ProxyType.HttpProxy,
    "HttpCachingProxy": QNetworkProxy.ProxyType.HttpCachingProxy,
    "Socks5Proxy": QNetworkProxy.ProxyType.Socks5Proxy,
}


@dataclass(frozen=True)
class Network:
    """``variables`` for a child process; ``secrets`` are what of them no log may show."""

    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Tuple[str, ...] = ()


def network() -> Network:
    """QGIS's network settings for a child. Call it in the main thread: QGIS may ask for its master password."""
    proxy = _qgis_proxy()
    variables: Dict[str, str] = {}
    secrets: Tuple[str, ...] = ()
    if proxy is not None:
        address = proxy_address(proxy)
        # Both spellings: on Linux libraries differ in which they read.
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            variables[name] = variables[name.lower()] = address
        spared = ",".join(_spared_hosts())
        if spared:
            variables["NO_PROXY"] = variables["no_proxy"] = spared
        secrets = tuple(text for text in (proxy.password(),) if text)
    bundle = _certificate_bundle()
    if bundle is not None:
        variables.update({name: str(bundle) for name in _CERTIFICATE_VARIABLES if not os.environ.get(name)})
    return Network(variables, secrets)


def network_environment() -> Dict[str, str]:
    """The variables of ``network`` alone."""
    return dict(network().variables)


def proxy_address(proxy: QNetworkProxy) -> str:
    """The proxy as an address, with its user and password where it has them."""
    scheme = "socks5h" if proxy.type() == QNetworkProxy.ProxyType.Socks5Proxy else "http"
    login = quote(proxy.user(), safe="")
    if login and proxy.password():
        login += ":" + quote(proxy.password(), safe="")
    host = proxy.hostName()
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    port = f":{proxy.port()}" if proxy.port() else ""
    return f"{scheme}://{login}{'@' if login else ''}{host}{port}"


def _qgis_proxy() -> Optional[QNetworkProxy]:
    """The proxy set in QGIS; None where QGIS uses none, so that the user's own variables hold."""
    settings = QgsSettings()
    if not settings.value("proxy/proxyEnabled", False, bool):
        return None
    kind = str(settings.value("proxy/proxyType", "") or "")
    if kind == "DefaultProxy":
        query = QNetworkProxyQuery(QUrl("https://download.pytorch.org/"))
        found = QNetworkProxyFactory.systemProxyForQuery(query)
        proxy = found[0] if found else QNetworkProxy(QNetworkProxy.ProxyType.NoProxy)
    elif kind in _PROXY_TYPES:
        port = str(settings.value("proxy/proxyPort", "") or "")
        proxy = QNetworkProxy(
            _PROXY_TYPES[kind],
            str(settings.value("proxy/proxyHost", "") or "").strip(),
            int(port) if port.isdecimal() and int(port) < 65536 else 0,
            str(settings.value("proxy/proxyUser", "") or ""),
            str(settings.value("proxy/proxyPassword", "") or ""),
        )
    else:
        return None
    configuration = str(settings.value("proxy/authcfg", "") or "")
    if configuration:
        done, signed = QgsApplication.authManager().updateNetworkProxy(proxy, configuration)
        proxy = signed if done else proxy
    if proxy.type() not in _PROXY_TYPES.values() or not proxy.hostName():
        return None
    return proxy


def _spared_hosts() -> List[str]:
    """Hosts that QGIS reaches without the proxy, after those that the user's own variable names."""
    hosts = [host.strip() for host in os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")).split(",")]
    listed: Any = QgsSettings().value("proxy/noProxyUrls", []) or []
    for address in [listed] if isinstance(listed, str) else listed:
        text = str(address).strip()
        # QGIS keeps beginnings of addresses, libraries want hosts.
        with contextlib.suppress(ValueError):
            hosts.append(urlsplit(text if "://" in text else f"//{text}").hostname or "")
    return list(dict.fromkeys(host for host in hosts if host))


def _certificate_bundle() -> Optional[Path]:
    """A file of all certificates that QGIS trusts, where the user has added some; None where there are none."""
    manager = QgsApplication.authManager()
    if manager.isDisabled() or not (manager.databaseCAs() or manager.extraFileCAs()):
        return None
    text = bytes(manager.trustedCaCertsPemText())
    if b"BEGIN CERTIFICATE" not in text:
        return None
    path = data_folder() / "certificates.pem"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != text:
            # In one step: a child that runs may be reading it.
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            fresh.write_bytes(text)
            os.replace(fresh, path)
    except OSError:
        return None
    return path
