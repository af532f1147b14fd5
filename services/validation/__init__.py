"""Validation: opens what came, in the box, and checks it; answers /checks, /forms and /policy."""
