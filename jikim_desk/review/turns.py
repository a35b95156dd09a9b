"""One person in several windows: what they do happens one after the other.

So no two of their own transactions ever wait for each other in a ring. The order in which a transaction of the review locks:
the person's turn, the item's candidates by id, claims and decisions, what is counted, and the chain last.
"""

from __future__ import annotations

from jikim_desk.accounts.models import User


def take_turn(user: User) -> None:
    """Waits until nothing else is being done in `user`'s name; to be called first in a transaction."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
