from __future__ import annotations

import inspect

from engine import errors
from engine.errors import RadiometryError, SmartiesError

ALL = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, SmartiesError)]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in ALL]
    assert len(set(codes)) == len(codes) > 10


def test_every_error_says_in_its_docstring_what_went_wrong() -> None:
    assert all(error.__doc__ for error in ALL)


def test_an_error_reads_as_message_and_hint() -> None:
    error = RadiometryError("The values reach 65535.", "Name the radiometry.")
    assert str(error) == "The values reach 65535. Name the radiometry."
    assert (error.message, error.hint, error.code) == ("The values reach 65535.", "Name the radiometry.", "radiometry")
    assert str(SmartiesError("Alone.")) == "Alone."
