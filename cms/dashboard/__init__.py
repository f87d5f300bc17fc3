"""The operator's pages that look onto more than one room: overview, stations, station, map, incidents, search."""
