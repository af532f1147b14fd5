"""Builders of real files: forms, attachments, and files meant to do harm."""
