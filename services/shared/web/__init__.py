"""The web side of every service: server, guard, errors, streaming bodies."""
