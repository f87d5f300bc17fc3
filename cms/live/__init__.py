"""Live pages. A browser subscribes to topics over /live/; when something moves, the topic's name is pushed and the page
fetches the blocks that show it (static/js/live.js). Names only, never data: what a page may see is decided where it is read.

topics.py    what a topic is, and who may listen
receivers.py the rooms' signals → topics that moved, at most one push per topic and interval and process
consumer.py  the browser's WebSocket
"""
