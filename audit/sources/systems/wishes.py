"""What a person agreed to or does not want, as a system's settings of a contact tell it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from audit.sources.systems.export import Item
from audit.sources.systems.json_fields import Maker


@dataclass(frozen=True)
class Wish:
    """A wish of a person.

    Attributes:
        maker: makes the rows.
        subject_id: whose wish it is.
        at: the instant from which it holds; raises FieldError where it is not told.
    """

    maker: Maker
    subject_id: str
    at: Callable[[], str]

    def consent(self, purpose: str, status: str, what: str) -> Item:
        """A consent, or its end.

        Args:
            purpose: the organisation's.
            status: given or withdrawn.
            what: the system's own id of what the person agreed to or ended.
        """

        def rest() -> dict[str, str | None]:
            at, context = self.at(), self.maker.context
            # The instant is part of the id: the same wish in a later export is another row, not a changed one.
            parts = ("consent", self.subject_id, what, purpose, status, at)
            return {"consent_id": context.pseudonyms.record(context.system_id, *parts), "effective_at": at}

        return self.maker.row("consents", self._whose | {"purpose": purpose, "status": status}, rest)

    def no_email(self, purposes: Collection[str]) -> Iterator[Item]:
        """A general unsubscription from e-mail: of the purposes it ends, or else of all of it (GDPR 21(2), 7(3))."""
        for purpose in purposes:
            yield self.consent(purpose, "withdrawn", "email")
        if not purposes:
            preference = self._whose | {"channel": "email", "preference": "deny"}
            yield self.maker.row("communication_preferences", preference, lambda: {"effective_at": self.at()})

    @property
    def _whose(self) -> dict[str, str | None]:
        return {"subject_id": self.subject_id, "client_id": self.maker.context.client_id}
