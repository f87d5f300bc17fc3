"""What a charge costs: OCPI 2.2.1 / 2.3.0 tariffs, computed exactly. Pure: no database, no clock, no framework.

`parsing` makes a `model.Tariff` of JSON, `engine.price` makes a `breakdown.Breakdown` of a tariff and periods,
`documents.settle` makes cents of a breakdown. Where the specification is silent, our reading is written beside the code.
"""
