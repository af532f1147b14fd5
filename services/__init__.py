"""The services of Mottak, and what they stand on."""
