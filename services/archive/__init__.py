"""The archive: OCFL objects, their catalogue, fixity, and export as bags."""
