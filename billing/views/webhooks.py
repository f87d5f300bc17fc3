"""/webhooks/stripe/: what Stripe tells us. Not signed by it: 400, and nothing is kept; else stored once and 200 at once, whatever is
in it: it is applied by a task."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.payments.gateway import BadSignature
from billing.services.cards import webhooks

LARGEST = 1 << 20


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    body = request.read(LARGEST + 1)  # whatever length it says it has, or none
    if len(body) > LARGEST:
        return JsonResponse({"detail": "Too large.", "code": "too_large"}, status=413)
    try:
        webhooks.receive(name="stripe", body=body, signature=request.headers.get("Stripe-Signature", ""))
    except BadSignature as wrong:
        return JsonResponse({"detail": wrong.text, "code": wrong.code}, status=400)
    return JsonResponse({"received": True})
