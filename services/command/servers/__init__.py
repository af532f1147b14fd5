"""Starts the real servers here, without Docker: for ``ENDS=real``, the tests and the proofs. In production ``deploy/`` starts them."""
