"""The words between the wire and the rooms: what a station tells (events), what it is asked (commands), what we answer
(replies). OCPP 2.x names and shapes; 1.6 is translated up in `stations.ocpp.v16`. Pure: no framework, no models."""
