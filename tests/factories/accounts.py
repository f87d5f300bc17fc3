import factory

from accounts.models import Driver, Operator, Token, User


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    password = factory.django.Password("correct horse battery")


class OperatorFactory(factory.django.DjangoModelFactory[Operator]):
    class Meta:
        model = Operator

    slug = factory.Sequence(lambda n: f"operator-{n}")
    name = factory.Sequence(lambda n: f"Operator {n}")
    party_id = factory.Sequence(lambda n: f"{n:03X}")
    legal_name = "Rete Adriatica S.r.l."
    vat_number = "IT00743110157"
    address = "Via Stalingrado 71"
    postal_code = "40128"
    city = "Bologna"
    province = "BO"
    iban = "IT60X0542811101000000123456"


class DriverFactory(factory.django.DjangoModelFactory[Driver]):
    class Meta:
        model = Driver

    operator = factory.SubFactory(OperatorFactory)
    user = factory.SubFactory(UserFactory)


class TokenFactory(factory.django.DjangoModelFactory[Token]):
    class Meta:
        model = Token

    operator = factory.SubFactory(OperatorFactory)
    uid = factory.Sequence(lambda n: f"04A1B2C3{n:04X}")
    type = "ISO14443"
