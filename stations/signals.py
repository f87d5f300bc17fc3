"""What this room announces, in `on_commit`. `ids` are primary keys; a listener may only enqueue a task or push to a topic."""

from django.dispatch import Signal

stations_changed = Signal()  # ids: stations whose presence, status or identity changed
stations_booted = Signal()  # ids: stations that reported a BootNotification
command_changed = Signal()  # id: command, station: pk; sent, settled or its effect was seen
frames_seen = Signal()  # ids: stations that said something (journal lines were written)
job_changed = Signal()  # station: pk; a log request or firmware update moved on
fault_changed = Signal()  # ids: faults opened or closed, stations: pks
