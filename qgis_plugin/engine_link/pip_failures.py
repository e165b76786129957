"""What pip's complaints mean for a user: one sentence and a remedy for each kind of failure."""

from __future__ import annotations

import re
from typing import List, Tuple

from ...engine.errors import EngineEnvironmentError
from ..translation import tr

#: Kinds of failure and what pip prints for them, the most telling first.
_SIGNS: Tuple[Tuple[str, str], ...] = (
    ("disk", r"No space left on device|Errno 28\b|WinError 112\b|not enough space|Disk quota exceeded|Errno 122\b"),
    ("socks", r"Missing dependencies for SOCKS"),
    ("proxy", r"407 Proxy Authentication|Cannot connect to proxy|ProxyError|Tunnel connection failed"),
    ("certificate", r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|SSLError|certificate verify failed"),
    ("login", r"\b401 (Client Error|Unauthorized)|\b403 (Client Error|Forbidden)|User for .*:"),
    (
        "network",
        r"Temporary failure in name resolution|getaddrinfo failed|NameResolutionError|NewConnectionError"
        r"|ConnectTimeoutError|ReadTimeoutError|Connection refused|Network is unreachable|Connection reset"
        r"|ConnectionResetError|IncompleteRead|Read timed out|RemoteDisconnected|Failed to establish a new connection",
    ),
    ("hash", r"THESE PACKAGES DO NOT MATCH THE HASHES"),
    ("absent", r"No matching distribution found|Could not find a version that satisfies|ResolutionImpossible"),
    ("files", r"Permission denied|Errno 13\b|WinError 5\b|WinError 32\b|Access is denied|Read-only file system"),
    ("long_path", r"WinError 206\b|filename or extension is too long|Long Path support"),
)


def kind_of_failure(lines: List[str]) -> str:
    """The kind of failure in pip's output; "other" when nothing is recognised."""
    text = "\n".join(lines)
    for kind, pattern in _SIGNS:
        if re.search(pattern, text):
            return kind
    return "other"


def pip_failure(lines: List[str], offline: bool) -> EngineEnvironmentError:
    """The error for what pip printed; ``offline``: it was installing from a folder of wheels."""
    kind = kind_of_failure(lines)
    if kind == "absent":
        return _absent(lines, offline)
    return EngineEnvironmentError(*_sentences(kind, lines))


def _sentences(kind: str, lines: List[str]) -> Tuple[str, str]:
    again = tr("Then set up the engine again: it goes on from where it stopped.")
    if kind == "disk":
        return tr("The disk is full."), tr("Free some space, also in the folder for temporary files.") + " " + again
    if kind == "socks":
        return (
            tr("QGIS uses a SOCKS proxy, which Python's package installer does not speak."),
            tr("Enter an HTTP proxy in the network settings of QGIS, or install from an offline folder."),
        )
    if kind == "proxy":
        return (
            tr("The proxy refused the connection to the package index."),
            tr("Check the proxy, its user and its password in the network settings of QGIS.") + " " + again,
        )
    if kind == "certificate":
        return (
            tr("The certificate of the package index is not trusted."),
            tr("If your network inspects traffic, add its certificate in QGIS (Settings, Authentication).")
            + " "
            + again,
        )
    if kind == "login":
        return (
            tr("The package index asks for a login that Python's package installer does not have."),
            tr("Check the index in your pip settings.") + " " + again,
        )
    if kind == "network":
        return (
            tr("The package index cannot be reached."),
            tr("Check the connection and the proxy in the network settings of QGIS.") + " " + again,
        )
    if kind == "hash":
        return tr("A package arrived damaged."), again
    if kind == "files":
        return (
            tr("A file of the engine's environment cannot be written."),
            tr("Close other QGIS windows; if an antivirus is at work, allow the folder of the engine.") + " " + again,
        )
    if kind == "long_path":
        return (
            tr("A path is longer than Windows allows."),
            tr("Set the variable SMARTIES_HOME to a short folder such as C:\\smarties, and restart QGIS."),
        )
    return (
        tr("Python's package installer failed: {line}.").format(line=last_words(lines)),
        tr("The log tells more."),
    )


def _absent(lines: List[str], offline: bool) -> EngineEnvironmentError:
    package = _package(lines) or tr("a package")
    if offline:
        return EngineEnvironmentError(
            tr("The folder of wheels has no {package} for this Python and this system.").format(package=package),
            tr("Fill it on a machine of the same kind with: pip download -r requirements.txt -c constraints.txt."),
        )
    return EngineEnvironmentError(
        tr("The package index has no {package} for this Python and this system.").format(package=package),
        tr("Choose another Python (3.11 to 3.14, 64-bit), or check the index in your pip settings."),
    )


def _package(lines: List[str]) -> str:
    """What pip misses: it words that in one way, and in another where the constraints name the package too."""
    text = "\n".join(lines)
    for pattern in (
        r"(?:distribution found for|satisfies the requirement) (\S+)",
        r"no matching distributions available for your environment:\s+(\S+)",
        r"Cannot install (.+?) because",
    ):
        found = re.search(pattern, text)
        if found:
            return found.group(1).rstrip(",:;")
    return ""


def last_words(lines: List[str]) -> str:
    """The line that most likely names the cause, at most 200 characters, without its full stop."""
    errors = [line for line in lines if line.strip().startswith(("ERROR:", "error:", "OSError", "ImportError"))]
    spoken = errors or [line for line in lines if line.strip()]
    words = spoken[-1].strip() if spoken else tr("it gave no reason")
    for prefix in ("ERROR: ", "error: "):
        words = words[len(prefix) :] if words.startswith(prefix) else words
    return words[:200].rstrip(". ")
