"""The description of the HTTP API (OpenAPI 3.1): one table of operations (``operations.py``), the shapes they speak in (``shapes.py``, ``work_shapes.py``) and what
puts them together (``build.py``). ``python -m services.command.openapi`` writes ``schemas/openapi.json``; tests hold it against the routes and their answers.
"""
