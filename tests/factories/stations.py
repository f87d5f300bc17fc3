import factory

from stations.models import EVSE, ChargingStation, Connector, Location

from .accounts import OperatorFactory


class LocationFactory(factory.django.DjangoModelFactory[Location]):
    class Meta:
        model = Location

    operator = factory.SubFactory(OperatorFactory)
    name = factory.Sequence(lambda n: f"Bologna, piazza {n}")
    address = "Via Stalingrado 71"
    postal_code = "40128"
    city = "Bologna"


class StationFactory(factory.django.DjangoModelFactory[ChargingStation]):
    class Meta:
        model = ChargingStation

    operator = factory.SubFactory(OperatorFactory)
    location = factory.SubFactory(LocationFactory, operator=factory.SelfAttribute("..operator"))
    identity = factory.Sequence(lambda n: f"CP-1{n:04d}")


class EvseFactory(factory.django.DjangoModelFactory[EVSE]):
    class Meta:
        model = EVSE

    station = factory.SubFactory(StationFactory)
    evse_id = 1
    uid = factory.Sequence(lambda n: f"IT*TST*E{n:04d}*1")
    short_code = factory.Sequence(lambda n: f"{n:06X}")


class ConnectorFactory(factory.django.DjangoModelFactory[Connector]):
    class Meta:
        model = Connector

    evse = factory.SubFactory(EvseFactory)
    connector_id = 1
    status = "Available"
