"""The ``mottak`` command, and the only room that knows all services: it puts them together."""
