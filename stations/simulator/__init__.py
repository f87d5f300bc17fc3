"""A stranger: charging stations, cars and people that meet the central system only on the wire.

`station` holds the hardware and what people do to it, `v16` and `v2x` the words it speaks, `behaviours` how real stations
misbehave, `people` who comes when, `fleet` many of them at once.
"""
