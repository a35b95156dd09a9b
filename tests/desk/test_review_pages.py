"""The queue and the item page as people meet them."""

from jikim_desk.accounts.models import Role
from tests.desk.items import item


def test_from_the_queue_to_a_decision_and_the_next(signed_in, team):
    item(team, "a", score=0.9)
    item(team, "b", score=0.5)
    browser = signed_in(Role.REVIEWER)
    assert browser.get("/queue/").status_code == 200
    first = browser.post("/queue/next", follow=True)
    assert first.status_code == 200
