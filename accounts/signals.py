"""What this room announces, in `on_commit`. `id` is a primary key; a listener may only enqueue a task."""

from django.dispatch import Signal

member_invited = Signal()  # id: a membership whose person is to be told
