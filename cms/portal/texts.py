"""What a driver reads when something does not go as asked. One table per question; nobody is told a code.

The operator's pages show the same sentence beside their own, so that the two talk about the same thing (ux.md §4.5).
"""

from django.utils.translation import gettext_lazy as _

from cms.portal.judgement import Verdict

# What the station answered to our start (Command.status)
START_REFUSED = _(
    "The charger did not accept the start. Unplug and reconnect the cable, then try again. You pay nothing."
)
START_UNANSWERED = _("The charger does not answer. If it does not start, you pay nothing.")
START = {"rejected": START_REFUSED, "error": START_REFUSED, "timeout": START_UNANSWERED}
NO_CAR = _(
    "We did not see the car in time, so nothing started. You pay nothing. Push the connector in well and try again."
)

# What the station answered to our stop
STOP_REFUSED = _("We cannot stop it from here. Stop it from the car or with the button on the charger.")
STOP_UNANSWERED = _("The charger does not answer. Stop it from the car or with the button on the charger.")
STOP = {"rejected": STOP_REFUSED, "error": STOP_REFUSED, "timeout": STOP_UNANSWERED}

# What we said about the card (OCPP 1.6 AuthorizationStatus, 2.x AuthorizationStatusEnumType)
CARD = {
    "Blocked": _("This card is blocked, so the charger stopped. Ask your operator to unblock it."),
    "Expired": _("This card has expired, so the charger stopped. Ask your operator for a new one."),
    "ConcurrentTx": _("This card is already charging somewhere else, so the charger stopped."),
    "Invalid": _("The charger does not know this card, so it stopped."),
    "Unknown": _("The charger does not know this card, so it stopped."),
    "NoCredit": _(
        "Nobody would pay for this charge, so the charger stopped: look at your wallet, your cards or your company’s budget."
    ),
}

IN_USE_AT = _("This card is already charging at %(place)s, so the charger stopped.")

# What is wrong with the socket (OCPP 1.6 ChargePointErrorCode; 2.x reports the same words as components)
FAULT = {
    "EVCommunicationError": _(
        "The car and the charger do not understand each other: try again, or use another socket."
    ),
    "GroundFailure": _("This socket switched itself off for safety. Use another one."),
    "ConnectorLockFailure": _("The cable does not lock. Push it in well, or use another socket."),
    "HighTemperature": _("This socket is too hot and rests for a while. Use another one."),
}

# Is it going well? (question on the running charge's page)
JUDGED = {
    Verdict.STALE: _("No news from the charger for a while. The charge goes on; the numbers will catch up."),
    Verdict.IDLE_CAR: _("No energy is flowing: the car has paused. It may be full, or wait for its own timer."),
    Verdict.IDLE_SITE: _("No energy is flowing: the charger has paused, for example because the site is at its limit."),
    Verdict.IDLE: _(
        "No energy is flowing. Check that the connector is pushed in well and that the car has no timer set."
    ),
    Verdict.FULL: _("The battery is full. Stop and move the car when you can: others may be waiting."),
    Verdict.NEARLY_FULL: _("Yes. Above 80 % the car takes less power: the last part is slow."),
    Verdict.SLOWED: _("Yes, but slower than before: the car or the site is holding back."),
    Verdict.GOOD: _("Yes. The car takes all that it asked for."),
    Verdict.WAITING: _("Too early to say: the first reading is on its way."),
}

# DomainError.code of a start that we refused ourselves
REFUSED = {
    "station_offline": _("The charger is not connected right now, so it cannot be started from here. You pay nothing."),
    "driver_blocked": _("Your account is blocked at this operator. Write to them or call: the number is under Help."),
    "token_blocked": _("Your app card is blocked. You find it under Cards."),
    "token_expired": _("Your app card has expired. Write to your operator or call: the number is under Help."),
    "not_supported": _("This charger cannot be started from here. Use a card."),
    "evse_busy": _("Somebody else is charging here, or about to start."),
    "code_used": _("This code has been used already. Scan the one that the screen shows now."),
    "too_many": _("Too many tries at this socket. Wait some minutes, or use another one."),
    "adhoc_over": _("This charge has begun already, or was cancelled."),
    "unavailable": _("The payment provider does not answer right now. Nothing was charged: try again in a minute."),
}

# Why a charge without an account did not begin (AdhocCharge.reason)
DROPPED = {
    "gave_up": _("The payment was not finished, so nothing started."),
    "declined": _("Your bank refused the card, so nothing started."),
    "offline": REFUSED["station_offline"],
    "refused": START_REFUSED,
    "no_car": NO_CAR,
    "unanswered": START_UNANSWERED,
    "busy": _("Somebody else was quicker at this socket."),
    "price_changed": _("The price changed just now. Look at it and start again."),
}

# DomainError.code of a stop that we could not even send
STOP_REFUSALS = {"station_offline": STOP_UNANSWERED}

# DomainError.code of an invoice that could not be issued
NO_INVOICE = {
    "legal_entity_missing": _(
        "This operator cannot issue invoices yet. Your receipt counts; ask them for the invoice."
    ),
    "billing_data_missing": _("For an invoice we need your name, your address, and a VAT number or fiscal code."),
    "cdr_held": _("Somebody has to look at this charge first. Ask again when the amount is final."),
}

MAILED_ENOUGH = _("It went to three addresses already. Keep the PDF of this page.")
HOLD_USED_UP = _("What is held on your card is used up, so the charge is being stopped. You pay what it cost.")
TOO_LATE_FOR_AN_INVOICE = _(
    "The day’s takings are closed, so this charge cannot be invoiced here any more. Write to the operator: the address is under Help."
)
