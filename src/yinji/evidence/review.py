"""What a reviewer decided, as evidence (R96, R97). It comes from people, not from the file, so it has no detector."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from yinji.evidence.base import Basis, Evidence, Says, Strength
from yinji.texts import Text

NAME: Final = "review"
VERSION: Final = "1"


class Reviewed(StrEnum):
    """What a reviewer can say of content; what follows from it is the regime's."""

    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"
    NONE = "none"


_SAYS: Final = {
    Reviewed.CONFIRMED: (
        Says.AI,
        Text("审核员裁定：由人工智能生成合成。", "A reviewer decided that AI generated this content."),
    ),
    Reviewed.SUSPECTED: (
        Says.AI,
        Text("审核员裁定：疑似由人工智能生成合成。", "A reviewer decided that AI is suspected to have generated this."),
    ),
    Reviewed.NONE: (
        Says.NOT_AI,
        Text(
            "审核员裁定：没有依据提示为人工智能生成。", "A reviewer decided that there are no grounds for an AI notice."
        ),
    ),
}


def review_evidence(reviewed: Reviewed, decision_id: str, policy: str) -> Evidence:
    """Returns a reviewer's decision as evidence.

    Args:
        reviewed: What was decided.
        decision_id: Number of the decision, which gives the reason in full.
        policy: Policy it rests on.
    """
    says, summary = _SAYS[reviewed]
    detail = {"tier": str(reviewed), "decision": decision_id, "policy": policy}
    return Evidence(NAME, VERSION, says, Basis.REVIEW, Strength.STATED, summary, detail=detail)
