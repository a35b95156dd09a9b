"""What the review refuses, calmly; a DeskFault each, with words of its own.

ReviewRefused
├── DecidedBefore      somebody else decided in the meantime
├── HeldByAnother      somebody else has the item in hand, or has to
├── RestDue            it is time for a rest, or enough for today
├── TooLate            the minute for undoing is over, or others went on from there
└── BadDecision        a form that cannot be meant: no such decision or category, a form sent for another item
"""

from __future__ import annotations

from jikim_desk.faults import DeskFault


class ReviewRefused(DeskFault):
    pass


class DecidedBefore(ReviewRefused):
    pass


class HeldByAnother(ReviewRefused):
    pass


class RestDue(ReviewRefused):
    pass


class TooLate(ReviewRefused):
    pass


class BadDecision(ReviewRefused):
    pass
