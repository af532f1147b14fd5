"""Intake: receives submissions; the API and pages of submitters and the secretariat; log-in."""
