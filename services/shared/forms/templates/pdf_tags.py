"""The structure of a PDF for those who do not see it (tagged PDF, ISO 32000-1, 14.8): what is a heading, a text, a field, and their order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName


class Tags:
    """Collects the structure while the pages are drawn. ``canvas``: a reportlab Canvas, of which its stubs leave out what is needed here."""

    def __init__(self, canvas: Any) -> None:
        self._canvas = canvas
        self._document = canvas._doc
        self._root = PDFDictionary({"Type": PDFName("StructTreeRoot")})
        self._root_reference = self._document.Reference(self._root)
        self._body = PDFDictionary({"Type": PDFName("StructElem"), "S": PDFName("Document"), "P": self._root_reference})
        self._body_reference = self._document.Reference(self._body)
        self._children: list[Any] = []
        self._parents: dict[int, Any] = {}
        self._on_page: list[Any] = []
        self._unplaced: list[PDFDictionary] = []

    @contextmanager
    def text(self, kind: str) -> Iterator[None]:
        """What is drawn inside is one element: ``H1``, ``H2``, ``H3``, ``P``."""
        element = PDFDictionary({"Type": PDFName("StructElem"), "S": PDFName(kind), "P": self._body_reference, "K": len(self._on_page)})
        self._canvas._code.append(f"/{kind} << /MCID {len(self._on_page)} >> BDC")
        yield
        self._canvas._code.append("EMC")
        reference = self._document.Reference(element)
        self._on_page.append(reference)
        self._children.append(reference)
        self._unplaced.append(element)

    @contextmanager
    def decoration(self) -> Iterator[None]:
        """What is drawn inside says nothing to one who listens."""
        self._canvas._code.append("/Artifact BMC")
        yield
        self._canvas._code.append("EMC")

    def field(self, field: PDFDictionary) -> None:
        """A field comes here in the order of reading."""
        reference = self._canvas._annotationrefs[-1]
        number = self._next_key()
        held = PDFDictionary({"Type": PDFName("OBJR"), "Obj": reference})
        element = PDFDictionary({"Type": PDFName("StructElem"), "S": PDFName("Form"), "P": self._body_reference, "K": held})
        field["StructParent"] = number
        element_reference = self._document.Reference(element)
        self._parents[number] = element_reference
        self._children.append(element_reference)
        self._unplaced += [element, held]

    def page_done(self) -> None:
        """After ``showPage``: what was collected belongs to that page."""
        page: Any = self._document.Pages.pages[-1]
        number = self._next_key()
        page.__NoDefault__ = [*type(page).__NoDefault__, "StructParents", "Tabs"]
        page.StructParents, page.Tabs = number, PDFName("S")
        self._parents[number] = PDFArray(self._on_page)
        reference = self._document.Reference(page)
        for each in self._unplaced:
            each["Pg"] = reference
        self._on_page, self._unplaced = [], []

    def finish(self) -> None:
        """Put the structure into the document."""
        self._body["K"] = PDFArray(self._children)
        numbers = [part for key in sorted(self._parents) for part in (key, self._parents[key])]
        self._root["K"] = PDFArray([self._body_reference])
        self._root["ParentTree"] = self._document.Reference(PDFDictionary({"Nums": PDFArray(numbers)}))
        self._root["ParentTreeNextKey"] = len(self._parents)
        self._document.Catalog.StructTreeRoot = self._root
        self._document.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})

    def _next_key(self) -> int:
        return len(self._parents)
