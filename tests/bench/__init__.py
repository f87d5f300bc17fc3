"""`make bench`: what a message costs this server, beside reference servers measured in the same run.

Absolute times depend on the machine; judge by the ratios, which are taken round by round (median of the rounds).
"""
