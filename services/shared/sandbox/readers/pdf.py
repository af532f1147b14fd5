"""PDF: form fields, attached files (in the catalog, in page annotations), what would run by itself, and the text.

pypdf reads the structure, PDFium the text, and PDFium writes anew what pypdf cannot read. pypdf's own list of fields is not used: it counts parent nodes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import pypdf
from pypdf.errors import FileNotDecryptedError, LimitReachedError, PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from services.shared.sandbox.formats import PORTFOLIO, archival_pdf_format
from services.shared.sandbox.protocol import MOST_CHOSEN
from services.shared.sandbox.readers import pdf_files, pdf_text
from services.shared.sandbox.readers.pdf_objects import Objects, array_of, dictionary_of, plain
from services.shared.sandbox.readers.refused import Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_RUNS = {"/Launch", "/JavaScript"}
_RADIO, _PUSH_BUTTON = 1 << 15, 1 << 16
_MOST_METADATA = 1 << 20
_END_BYTES = 2048


def configure(stream_bytes: int) -> None:
    """Lower pypdf's limits to ours, for good. `stream_bytes`: the largest stream that is decoded."""
    pypdf.apply_configuration(
        pypdf.get_configuration().with_overwrites(
            maximum_declared_stream_length=stream_bytes,
            array_based_stream_maximum_output_length=stream_bytes,
            zlib_maximum_output_length=stream_bytes,
            lzw_maximum_output_length=stream_bytes,
            run_length_maximum_output_length=stream_bytes,
            jbig2_maximum_output_length=stream_bytes,
            stream_filters_maximum_length=6,
            stream_decoding_work_maximum_length=3 * stream_bytes,
            page_tree_maximum_entries=20_000,
            jbig2dec_binary=None,
            disable_legacy_handling=True,
        )
    )


def read(opening: FileOpening, document: Document) -> None:
    """A PDF. Raises Refused with the code for what is wrong with it."""
    _refuse_second_nature(document)
    taken: pdf_files.Taken = set()
    try:
        _read_pages(opening, document, document.stream, taken)
    except (FileNotDecryptedError, MemoryError, RecursionError) as error:
        raise _as_refused(error) from error
    except Exception as error:  # a broken file may raise anything from the library, and run into a limit where a table is wrong
        if (isinstance(error, Refused) and error.code != "file_corrupt") or (isinstance(error, LimitReachedError) and document.text):
            raise _as_refused(error) from error
        mended = pdf_text.written_anew(document) if _has_its_end(document) else None
        if mended is None:
            raise _as_refused(error) from error
        document.note("read_after_repair")
        try:
            _read_pages(opening, document, mended, taken)
        except (LimitReachedError, FileNotDecryptedError) as limit:
            raise _as_refused(limit) from limit


def _as_refused(error: Exception) -> Exception:
    if isinstance(error, LimitReachedError):
        return Refused("file_too_complex", reason="limit")
    return Refused("file_encrypted") if isinstance(error, FileNotDecryptedError) else error


def _has_its_end(document: Document) -> bool:
    """A file whose end is missing lacks more than its table of objects: what could be made of the rest would be less than what was sent."""
    document.stream.seek(max(0, document.size - _END_BYTES))
    end = document.stream.read()
    return any(mark in end for mark in (b"%%EOF", b"startxref", b"trailer"))


def _read_pages(opening: FileOpening, document: Document, source: BinaryIO, taken: pdf_files.Taken) -> None:
    reader = _open(document, source)
    catalog = dictionary_of(reader.root_object)
    if catalog is None:
        raise Refused("file_corrupt", reason="catalog")
    if "/Collection" in catalog and document.file_type:
        document.file_type = replace(document.file_type, format=PORTFOLIO)
    walk = _Walk(opening, document, catalog)
    pages = walk.pages()
    walk.look_for_actions(pages)
    fields = walk.fields()
    text = pdf_text.search(opening, document)
    if opening.may_be_form:
        from services.shared.sandbox.opening import Form

        opening.form_found(Form("pdf", document, fields=list(fields.items()), lines=[{"text": line} for line in text.splitlines()]))
    try:
        walk.search_aside(reader, pages)
    except (Refused, LimitReachedError, MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - broken properties or bookmarks break nothing else
        document.text_searched = False
        document.note("properties_unreadable")
    pdf_files.extract(opening, document, walk.objects, catalog, pages, taken)


def _open(document: Document, source: BinaryIO) -> pypdf.PdfReader:
    try:
        reader = pypdf.PdfReader(source, strict=False)
        if reader.is_encrypted:
            if reader.decrypt("") == pypdf.PasswordType.NOT_DECRYPTED:
                raise Refused("file_encrypted")
            document.note("encrypted_without_password")
        return reader
    except NotImplementedError as error:
        raise Refused("file_encrypted", reason="method") from error
    except LimitReachedError:
        raise
    except PyPdfError as error:
        raise Refused("file_corrupt", reason="pdf") from error


def _refuse_second_nature(document: Document) -> None:
    """A file that is a PDF from its head and a zip from its tail shows each program something else."""
    document.stream.seek(max(0, document.size - 65_557))
    tail = document.stream.read()
    document.stream.seek(0)
    end = tail.rfind(b"PK\x05\x06")
    if end > tail.rfind(b"%%EOF") >= 0 or (end >= 0 and b"%%EOF" not in tail and b"startxref" not in tail):
        raise Refused("type_mismatch", found="pdf and zip")


class _Walk:
    """Goes through the objects of one file."""

    def __init__(self, opening: FileOpening, document: Document, catalog: DictionaryObject) -> None:
        self._opening = opening
        self._document = document
        self._catalog = catalog
        self.objects = Objects(opening.policy.opening.pdf_objects)

    def pages(self) -> list[DictionaryObject]:
        """The page dictionaries in order, as many as the policy allows."""
        root = dictionary_of(self._catalog.get("/Pages"))
        if root is None:
            raise Refused("file_corrupt", reason="pages")
        found = [node for node in self.objects.tree(root, "/Kids") if "/Kids" not in node]
        if not found:
            raise Refused("file_corrupt", reason="pages")
        limit = self._opening.policy.opening.pages
        if len(found) > limit:
            self._document.note("more_pages_than_looked_at")
        return found[:limit]

    def look_for_actions(self, pages: list[DictionaryObject]) -> None:
        """Whatever runs when the file or a page is opened, or when something is clicked."""
        self._judge(self._catalog.get("/OpenAction"), "OpenAction")
        self._judge_all(self._catalog.get("/AA"), "AA")
        names = dictionary_of(self._catalog.get("/Names"))
        if names is not None and "/JavaScript" in names and any(True for _ in self.objects.name_tree(names.get("/JavaScript"))):
            self._opening.finding(self._document, "active_content", what="JavaScript", at="names")
        for number, page in enumerate(pages, 1):
            self._judge_all(page.get("/AA"), f"page {number}")
            for annotation in self.objects.annotations(page):
                self._judge(annotation.get("/A"), f"page {number}", scripts=annotation.get("/Subtype") != "/Widget")
                self._judge_all(annotation.get("/AA"), f"page {number}", scripts=annotation.get("/Subtype") != "/Widget")
                if annotation.get("/Subtype") in ("/RichMedia", "/Movie", "/3D", "/Screen"):
                    self._document.note(f"holds_{str(annotation.get('/Subtype'))[1:]}")
        form = dictionary_of(self._catalog.get("/AcroForm"))
        if form is not None and "/XFA" in form:
            if array_of(form.get("/Fields")):
                self._document.note("holds_XFA")
            else:
                self._opening.finding(self._document, "active_content", what="XFA")

    def fields(self) -> dict[str, str | bool | list[str]]:
        """The terminal form fields by full name."""
        found: dict[str, str | bool | list[str]] = {}
        form = dictionary_of(self._catalog.get("/AcroForm"))
        limit = self._opening.policy.opening.form_fields
        waiting: list[tuple[Any, str, dict[str, Any]]] = [
            (item, "", {}) for item in reversed(array_of(form.get("/Fields")) if form is not None else [])
        ]
        seen: set[int] = set()
        while waiting:
            raw, prefix, inherited = waiting.pop()
            node = self.objects.visit(raw, seen)
            if node is None:
                continue
            partial = node.get("/T")
            name = f"{prefix}.{partial}" if prefix and partial is not None else str(partial) if partial is not None else prefix
            inherited = {**inherited, **{key: node[key] for key in ("/FT", "/Ff", "/V", "/Opt") if key in node}}
            kids = array_of(node.get("/Kids"))
            if any("/T" in kid for kid in map(dictionary_of, kids) if kid is not None):
                waiting.extend((kid, name, inherited) for kid in reversed(kids))
            elif name and len(name) <= 300:
                value = self._value(node, inherited, [kid for kid in map(dictionary_of, kids) if kid is not None])
                if value is not None and not found.get(name):
                    found[name] = value
                if len(found) > limit:
                    raise Refused("file_too_complex", reason="fields")
        for name, value in found.items():
            self._document.read(value if isinstance(value, str) else " ".join(value) if isinstance(value, list) else "", part="field", field=name)
        return found

    def search_aside(self, reader: pypdf.PdfReader, pages: list[DictionaryObject]) -> None:
        """Look for fødselsnummer where nobody looks: the file's properties, its bookmarks, comments on the pages."""
        told = [str(plain(value)) for value in (dictionary_of(reader.trailer.get("/Info")) or {}).values()]
        metadata = plain(self._catalog.get("/Metadata"))
        if isinstance(metadata, StreamObject):
            told.append(metadata.get_data()[:_MOST_METADATA].decode("utf-8", "replace"))
            archival = archival_pdf_format(told[-1])
            if archival and self._document.file_type:
                self._document.file_type = replace(self._document.file_type, format=archival)
        self._document.search("\n".join(told), part="properties")
        titles, node = [], dictionary_of(self._catalog.get("/Outlines"))
        waiting, seen = [node.get("/First")] if node is not None else [], set[int]()
        while waiting:
            entry = self.objects.visit(waiting.pop(), seen)
            if entry is not None:
                titles.append(str(plain(entry.get("/Title"))))
                waiting += [entry.get("/First"), entry.get("/Next")]
        self._document.search("\n".join(titles), part="bookmarks")
        for number, page in enumerate(pages, 1):
            said = [
                str(plain(annotation.get(key))) for annotation in self.objects.annotations(page) for key in ("/Contents", "/T", "/TU", "/Subj", "/RC")
            ]
            self._document.search("\n".join(said), page=number)

    def _value(self, node: DictionaryObject, inherited: dict[str, Any], widgets: list[DictionaryObject]) -> str | bool | list[str] | None:
        kind, flags, value = plain(inherited.get("/FT")), plain(inherited.get("/Ff")) or 0, plain(inherited.get("/V"))
        most = self._opening.policy.opening.form_value_characters
        if kind == "/Btn":
            return self._button(node, int(flags), value, widgets or [node])
        if kind == "/Ch":
            if isinstance(value, ArrayObject) and len(value) > MOST_CHOSEN:
                raise Refused("file_too_complex", reason="fields")
            chosen = [str(plain(item))[:most] for item in value] if isinstance(value, ArrayObject) else [str(value)] if value is not None else []
            return chosen if len(chosen) > 1 else (chosen[0][:most] if chosen else "")
        if kind == "/Tx":
            if isinstance(value, StreamObject):
                value = value.get_data().decode("latin-1")
            return "" if value is None else str(value).replace("\r\n", "\n").replace("\r", "\n")[:most].strip()
        return None

    def _button(self, node: DictionaryObject, flags: int, value: Any, widgets: list[DictionaryObject]) -> str | bool | None:
        """A check box is true or false; radio buttons, and boxes of one name with different values, give the chosen value."""
        if flags & _PUSH_BUTTON:
            return None
        state = str(value if value is not None else plain(node.get("/AS")) or "/Off").removeprefix("/")
        states = {name for widget in widgets for name in _states(widget)} - {"Off"}
        if flags & _RADIO or len(states) > 1:
            return "" if state == "Off" else state
        return state not in ("Off", "")

    def _judge_all(self, raw: Any, place: str, *, scripts: bool = True) -> None:
        actions = dictionary_of(raw)
        for action in actions.values() if actions is not None else ():
            self._judge(action, place, scripts=scripts)

    def _judge(self, raw: Any, place: str, *, scripts: bool = True) -> None:
        """One action and those that follow it. Scripts of form fields (`scripts` false) calculate and format: only noted."""
        waiting, seen = [raw], set[int]()
        while waiting:
            action = self.objects.visit(waiting.pop(), seen)
            if action is None:
                continue
            kind = plain(action.get("/S"))
            if kind == "/Launch" or (kind == "/JavaScript" and scripts):
                self._opening.finding(self._document, "active_content", what=str(kind)[1:], at=place)
            elif kind in _RUNS | {"/SubmitForm", "/ImportData", "/GoToR", "/GoToE"}:
                self._document.note(f"holds_{str(kind)[1:]}")
            following = plain(action.get("/Next"))
            waiting.extend(following if isinstance(following, ArrayObject) else [following])


def _states(widget: DictionaryObject) -> list[str]:
    """The names of the looks that a button has, `Off` among them."""
    appearance = dictionary_of(widget.get("/AP"))
    normal = dictionary_of(appearance.get("/N")) if appearance is not None else None
    return [str(name).removeprefix("/") for name in normal] if normal is not None else []
