"""Pseudonyms: what identifies a person directly becomes a keyed hash before it enters a database.

GDPR 4(5): the key is additional information that is kept separately. HMAC-SHA-256, not a plain hash: whoever has a list
of e-mail addresses could else try them all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata

_BYTES = 16  # 128 bits: a billion persons meet by chance with a probability below 1e-20


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

    def personal_number(self, number: str) -> str:
        """The subject_id of the person who has a Swedish personal identity number, in any of its spellings."""
        return f"S-{self._hash('personal_number', normal_personal_number(number))}"

    def phone(self, number: str) -> str:
        """The subject_id of the person of whom only a telephone number is known."""
        return f"S-{self._hash('phone', normal_phone(number))}"

    def name(self, name: str) -> str:
        """The subject_id of the person of whom only a name is known: two namesakes become one."""
        return f"S-{self._hash('name', _normal(name))}"

    def external(self, system_id: str, external_id: str) -> str:
        """The pseudonym of a person's id in a system: what ``identities`` has as external_id."""
        return f"X-{self._hash('external', system_id, external_id.strip())}"

    def actor(self, system_id: str, actor: str) -> str:
        """The actor_id of a member of staff, by e-mail address or else by the id in a system."""
        if "@" in actor:
            return f"U-{self._hash('actor', normal_email(actor))}"
        return f"U-{self._hash('actor', system_id, actor.strip())}"

    def _hash(self, kind: str, *parts: str) -> str:
        # The kind keeps a telephone number and an id of the same digits apart.
        message = "\0".join((kind, *parts)).encode()
        code = hmac.new(self._key, message, hashlib.sha256).digest()[:_BYTES]
        return base64.b32encode(code).decode().rstrip("=")


def normal_email(address: str) -> str:
    """An e-mail address as it is compared: without spaces around, in small letters, without ``mailto:``.

    What follows a plus sign stays: whether it is the same mailbox is the receiving server's business.
    """
    return _normal(address).removeprefix("mailto:")


def normal_personal_number(number: str) -> str:
    """A Swedish personal identity number as ten digits, with ``+`` for a person of a hundred years or more.

    Skatteverket writes it with six or eight digits for the birth date, and ``-``, ``+`` or nothing before the rest.
    """
    digits = re.sub(r"\D", "", number)
    return digits[-10:] + ("+" if "+" in number else "")


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
