"""How every page looks and speaks: the base template, the stylesheets, the language switch, and dates and sizes as people write them."""

from services.shared.web.layout.blueprint import layout_blueprint
from services.shared.web.layout.language import page_language

__all__ = ["layout_blueprint", "page_language"]
