"""All tests; a package, so that `tests.…` is ours and not one that happens to be installed."""
