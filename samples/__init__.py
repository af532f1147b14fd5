"""Realistic filled submissions and the builders that make them; used by the demo, the tests and the proofs, not part of the wheel."""
