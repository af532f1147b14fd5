"""Honest and hostile files, made anew for each run."""
