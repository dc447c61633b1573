"""Pseudonyms: what identifies a person directly becomes a keyed hash before it enters a database.

GDPR 4(5): the key is additional information that is kept separately. HMAC-SHA-256, not a plain hash: whoever has a list
of e-mail addresses could else try them all.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from datetime import UTC, datetime

_BYTES = 16  # 128 bits: a billion persons meet by chance with a probability below 1e-20
EXTERNAL = "X-[A-Z2-7]{26}"
"""The form of the pseudonym of a person's id in a system, as a regular expression."""
# Base 32 (RFC 4648), two letters at once: millions are written, and the library's way takes thrice as long.
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_SHIFTS = range(120, -1, -10)
# Hyphens as programs of text and spreadsheets make them, too.
_PERSONAL_NUMBER = re.compile(
    r"(?P<century>[0-9]{2})?(?P<birth>[0-9]{6})(?P<sign>[-+\u2010-\u2015\u2212]?)(?P<serial>[0-9A-Z][0-9]{3})"
)


class Pseudonyms:
    """The pseudonyms of one key. The same person under the same key is the same pseudonym, in every system.

    Args:
        key: at least 32 bytes of chance.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def key_id(self) -> str:
        """Which key this is, without telling it: noted in a database, so that no other one is mixed in."""
        return self._hash("key", "")[:8]

    def email(self, address: str) -> str:
        """The subject_id of the person who has an e-mail address."""
        return f"S-{self._hash('email', normal_email(address))}"

    def personal_number(self, number: str, written_in: int | None = None) -> str:
        """The subject_id of the person who has a Swedish personal identity number, in any of its spellings.

        ``written_in`` is the year it was written in, as in ``normal_personal_number``.
        """
        return f"S-{self._hash('personal_number', normal_personal_number(number, written_in))}"

    def phone(self, number: str) -> str:
        """The subject_id of the person of whom only a telephone number is known."""
        return f"S-{self._hash('phone', normal_phone(number))}"

    def name(self, name: str) -> str:
        """The subject_id of the person of whom only a name is known: two namesakes become one."""
        return f"S-{self._hash('name', _normal(name))}"

    def external(self, system_id: str, external_id: str) -> str:
        """The pseudonym of a person's id in a system: what ``identities`` has as external_id."""
        return f"X-{self._hash('external', system_id, external_id.strip())}"

    def record(self, system_id: str, *parts: str) -> str:
        """An id for a record to which a system gives none, or one that tells whose it is.

        Args:
            system_id: the system.
            parts: what tells the record from others there; the same parts give the same id.
        """
        return f"R-{self._hash('record', system_id, *parts)}"

    def actor(self, system_id: str, actor: str) -> str:
        """The actor_id of a member of staff, by e-mail address or else by the id in a system."""
        if "@" in actor:
            return f"U-{self._hash('actor', normal_email(actor))}"
        return f"U-{self._hash('actor', system_id, actor.strip())}"

    def _hash(self, kind: str, *parts: str) -> str:
        # The kind keeps a telephone number and an id of the same digits apart.
        message = "\0".join((kind, *parts)).encode()
        code = hmac.digest(self._key, message, "sha256")[:_BYTES]
        number = int.from_bytes(code, "big") << 2  # 26 letters are 130 bits
        return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def normal_email(address: str) -> str:
    """An e-mail address as it is compared: without spaces around, in small letters, without ``mailto:``.

    What follows a plus sign stays: whether it is the same mailbox is the receiving server's business.
    """
    return _normal(address).removeprefix("mailto:")


def normal_personal_number(number: str, written_in: int | None = None) -> str:
    """A Swedish personal identity number as twelve characters: eight digits for the birth date, and four.

    So are coordination numbers (60 is added to the day) and interim numbers (a letter comes first of the four). A
    number with six digits for the birth date has the century of one who is younger than a hundred years, after a ``+``
    the one before: the hyphen becomes a plus sign in the year in which a person turns a hundred (Folkbokföringslagen
    (1991:481) 18 §). Without either sign it counts as one with a hyphen. Whatever has another form, as a foreign
    number, is compared by its letters and digits.

    Two numbers of one person stay two: the coordination number and the personal number that follows it, the interim
    number and the one it stood in for. Which belong together only a register of both can tell (``identities``).

    Args:
        number: the number, with or without spaces and a sign.
        written_in: the year in which it was written, by default this one.
    """
    text = re.sub(r"\s", "", _normal(number)).upper()
    match = _PERSONAL_NUMBER.fullmatch(text)
    if not match:
        return re.sub(r"[\W_]", "", text)
    if match["century"]:
        return match["century"] + match["birth"] + match["serial"]
    year = written_in or datetime.now(UTC).year
    year -= (year - int(match["birth"][:2])) % 100
    if match["sign"] == "+":
        year -= 100
    return f"{year:04}{match['birth'][2:]}{match['serial']}"


def normal_phone(number: str, country_code: str = "46") -> str:
    """A telephone number as digits with its country code: ``070-123 45 67`` and ``+46 70 123 45 67`` are the same."""
    text = number.strip()
    digits = re.sub(r"\D", "", text.replace("(0)", ""))
    if text.startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    return country_code + digits[1:] if digits.startswith("0") else digits


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())
