"""What all four services stand on. Knows no form, no agency and no service."""
