"""/promotions/: vouchers and promo codes, for a shop that gives them away."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.numbers import Amount
from billing.api.reading import Readable
from billing.models import Promotion
from billing.selectors import promotions
from billing.services.prepaid import promoting

MOST = 2**31 - 1


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    """`value` by `kind`: an amount incl. VAT, a percentage, or kWh. `entered`: drivers so far; `used`: charges that had it."""

    value = Amount()
    entered = serializers.IntegerField()
    used = serializers.IntegerField()

    class Meta:
        model = Promotion
        fields = [
            "id",
            "code",
            "kind",
            "value",
            "currency",
            "batch",
            "valid_from",
            "valid_until",
            "limit",
            "charges_each",
            "first_charge_only",
            "entered",
            "used",
            "ended_at",
            "created_at",
        ]


class TermsSerializer(serializers.Serializer[Promotion]):
    """As in the answer; without `valid_from` from now on."""

    kind = serializers.ChoiceField(choices=Promotion.Kind.choices)
    value = Amount()
    valid_from = serializers.DateTimeField(required=False)
    valid_until = serializers.DateTimeField(required=False, allow_null=True)
    charges_each = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=MOST)
    first_charge_only = serializers.BooleanField(required=False)


class CodeSerializer(TermsSerializer):
    code = serializers.CharField(max_length=32)
    limit = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=MOST)


class BatchSerializer(TermsSerializer):
    """`count` codes nobody can guess, each for one driver."""

    batch = serializers.CharField(max_length=60)
    count = serializers.IntegerField(min_value=1, max_value=promoting.MOST_CODES)


class MadeSerializer(serializers.Serializer[Any]):
    batch = serializers.CharField()
    codes = serializers.ListField(child=serializers.CharField())


class Promotions(Readable):
    """Vouchers and promo codes, newest first."""

    queryset = promotions.counted(Promotion.objects.all())
    serializer_class = PromotionSerializer
    reads = "promotion.view"
    writes = "promotion.edit"
    rights = {"batches": "promotion.edit", "end": "promotion.edit"}

    @extend_schema(request=CodeSerializer, responses={201: PromotionSerializer})
    def create(self, request: Request) -> Response:
        """One code that anybody may enter. 400 where it exists already, running or ended."""
        given = self._asked(CodeSerializer)
        made = promoting.create(operator=self.actor.operator, code=given.pop("code"), terms=given, by=self.actor)
        return self.created(self.get_queryset().get(pk=made.pk))

    @extend_schema(request=BatchSerializer, responses={201: MadeSerializer})
    @action(detail=False, methods=["post"])
    def batches(self, request: Request) -> Response:
        """Many codes at once, under the name of a batch that does not exist yet."""
        given = self._asked(BatchSerializer)
        batch, count = given.pop("batch"), given.pop("count")
        made = promoting.create_batch(
            operator=self.actor.operator, batch=batch, count=count, terms=given, by=self.actor
        )
        return Response({"batch": made[0].batch, "codes": [promotion.code for promotion in made]}, status=201)

    @extend_schema(request=None, responses={200: PromotionSerializer})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Nobody enters it any more. Ended already: the code as it is."""
        promoting.end(promotion=self.get_object(), by=self.actor)
        return Response(self.shown(self.get_object(), many=False))

    def _asked(self, form: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        asked = form(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)
