"""Messages that are odd as such, whatever they say."""

from collections.abc import Mapping

from .behaviour import Behaviour, Frame, Payload


class NullPayloads(Behaviour):
    """`null` where an empty object belongs."""

    def frames(self, frame: Frame) -> list[Frame]:
        return [Frame(frame.action, None, frame.message_id)] if frame.payload == {} else [frame]


class RestartsMessageIds(Behaviour):
    """Message ids count from 1 and start over at each connection."""

    def __init__(self) -> None:
        self.count = 0

    def frames(self, frame: Frame) -> list[Frame]:
        self.count = 1 if frame.action == "BootNotification" else self.count + 1
        return [Frame(frame.action, frame.payload, str(self.count))]


# 1.6 §6.46, 2.0.1 E: (needed, allowed) members of an answer
_ANSWERS: Mapping[str, tuple[set[str], set[str]]] = {
    "StartTransaction": ({"transactionId", "idTagInfo"}, {"transactionId", "idTagInfo"}),
    "TransactionEvent": (set(), {"totalCost", "chargingPriority", "idTokenInfo", "updatedPersonalMessage"}),
}


class ReadsToTheLetter(Behaviour):
    """An answer with a member too many or too few is not understood at all, and the transaction has no number."""

    def understands(self, action: str, answer: Payload) -> Payload:
        needed, allowed = _ANSWERS.get(action, (set(), set(answer)))
        return answer if needed <= set(answer) <= allowed else {}
