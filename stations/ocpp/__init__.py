"""The edge: sockets, frames, protocol versions. Knows the words (stations.vocabulary) and nothing of the rooms."""
