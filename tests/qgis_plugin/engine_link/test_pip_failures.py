"""What pip prints becomes one sentence with a remedy."""

from __future__ import annotations

import pytest
from smarties.qgis_plugin.engine_link.pip_failures import last_words, pip_failure


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("ERROR: OSError: [Errno 28] No space left on device", "disk is full", "Free"),
        ("ERROR: Missing dependencies for SOCKS support.", "SOCKS proxy", "HTTP proxy"),
        ("OSError('Tunnel connection failed: 407 Proxy Authentication Required')", "proxy refused", "password"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "not trusted", "Authentication"),
        ("ERROR: HTTP error 401 Client Error: Unauthorized for url", "asks for a login", "pip settings"),
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "cannot be reached", "connection"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "damaged", "again"),
        ("ERROR: Could not install: [WinError 5] Access is denied: 'C:\\x.dll'", "cannot be written", "antivirus"),
        ("ERROR: [WinError 206] The filename or extension is too long", "longer than Windows", "SMARTIES_HOME"),
        ("ERROR: No matching distribution found for torch==2.13.0", "index has no torch==2.13.0", "3.11 to 3.14"),
        ("ERROR: Something new.", "failed: Something new.", "log"),
    ],
)  # fmt: skip
def test_each_cause_has_its_sentence(line, message, hint):
    error = pip_failure(["Collecting torch", line], offline=False)
    assert message in error.message and hint in error.hint and error.code == "environment"


def test_the_last_words_are_the_error_and_short():
    assert last_words(["ERROR: first", "ERROR: the reason.", "[notice] a new pip"]) == "the reason"
    assert last_words([]) == "it gave no reason"
    assert len(last_words(["x" * 5000])) == 200
