"""Invented but plausible content of the samples: companies, products, studies, proposals. Nothing here is about a real person."""
