"""What the network did: use, energy, utilisation, revenue, uptime. Read-only; fed by roll-ups that Celery keeps."""
