"""The states of a case and what leads from one to the next: one table, one function."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from yinji.platform.cases.model import State
from yinji.platform.errors import Conflict


class Event(StrEnum):
    """What can happen to a case; also the event's name in the audit log, after ``case.``."""

    OPENED = "opened"
    REPORTED = "reported"
    REQUEUED = "requeued"
    """A rule sends it to another queue."""
    CLAIMED = "claimed"
    RELEASED = "released"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    """Its claim ran out."""
    DECIDED = "decided"
    ASKED = "asked"
    """The author is asked to declare."""
    ANSWERED = "answered"
    """The author declared."""
    UNANSWERED = "unanswered"
    """The author did not, in time."""
    APPEALED = "appealed"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    WITHDRAWN = "withdrawn"
    """The author took the post from view; nothing is left to decide."""
    CLOSED = "closed"
    """The time for an appeal is over."""


MOVES: Final[dict[tuple[State, Event], State]] = {
    (State.OPEN, Event.REPORTED): State.OPEN,
    (State.OPEN, Event.REQUEUED): State.OPEN,
    (State.OPEN, Event.CLAIMED): State.CLAIMED,
    (State.OPEN, Event.DECIDED): State.DECIDED,  # together with another post of the same content
    (State.OPEN, Event.ANSWERED): State.CLOSED,
    (State.CLAIMED, Event.REPORTED): State.CLAIMED,
    (State.CLAIMED, Event.CLAIMED): State.CLAIMED,
    (State.CLAIMED, Event.RELEASED): State.OPEN,
    (State.CLAIMED, Event.SKIPPED): State.OPEN,
    (State.CLAIMED, Event.EXPIRED): State.OPEN,
    (State.CLAIMED, Event.DECIDED): State.DECIDED,
    (State.CLAIMED, Event.ASKED): State.AWAITING,
    (State.AWAITING, Event.REPORTED): State.AWAITING,
    (State.AWAITING, Event.ANSWERED): State.CLOSED,
    (State.AWAITING, Event.UNANSWERED): State.OPEN,
    (State.AWAITING, Event.APPEALED): State.APPEALED,
    (State.DECIDED, Event.APPEALED): State.APPEALED,
    (State.DECIDED, Event.OVERTURNED): State.OVERTURNED,  # together with the decision that it repeats
    (State.DECIDED, Event.CLOSED): State.CLOSED,
    (State.APPEALED, Event.CLAIMED): State.JUDGING,
    (State.JUDGING, Event.CLAIMED): State.JUDGING,
    (State.JUDGING, Event.RELEASED): State.APPEALED,
    (State.JUDGING, Event.SKIPPED): State.APPEALED,
    (State.JUDGING, Event.EXPIRED): State.APPEALED,
    (State.JUDGING, Event.UPHELD): State.UPHELD,
    (State.JUDGING, Event.OVERTURNED): State.OVERTURNED,
}
"""(State, event) → state. What is not here cannot happen. A case is born ``open``, or ``appealed`` where
no reviewer had decided what is appealed."""

BORN: Final = frozenset((State.OPEN, State.APPEALED))
WAITING: Final = frozenset((State.OPEN, State.APPEALED))
"""Somebody should claim it."""
WORKED: Final = frozenset((State.CLAIMED, State.JUDGING))
"""Somebody has."""
UNDECIDED: Final = frozenset((State.OPEN, State.CLAIMED, State.AWAITING))
"""One such case an item; reports join it."""
ENDED: Final = frozenset((State.UPHELD, State.OVERTURNED, State.CLOSED))
"""Nothing follows."""

MOVES.update({(state, Event.WITHDRAWN): State.CLOSED for state in State if state not in ENDED})


def after(state: State, event: Event) -> State:
    """Returns the state that an event leads to.

    Raises:
        Conflict: It cannot happen in this state.
    """
    following = MOVES.get((state, event))
    if following is None:
        raise Conflict("case-move", state=str(state), event=str(event))
    return following
