"""What production runs on: the image, the configuration of the servers beside it, and the scripts that make both. Not part of the wheel."""
