"""PDF: form fields, attached files (in the catalog, in page annotations), what would run by itself, and the text.

pypdf reads the structure, PDFium the text. pypdf's own lists are not used: they miss attachments of pages and name trees with /Kids, count a
file twice whose two names differ, and count parent nodes as fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pypdf
from pypdf.errors import FileNotDecryptedError, LimitReachedError, PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from services.shared.sandbox.readers import pdf_text
from services.shared.sandbox.readers.refused import OutOfBudget, Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_RUNS = {"/Launch", "/JavaScript"}
_RADIO, _PUSH_BUTTON = 1 << 15, 1 << 16
_MOST_METADATA = 1 << 20
_MOST_TREE_DEPTH = 60


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
    reader = _open(document)
    try:
        catalog = _dictionary(reader.root_object)
        if catalog is None:
            raise Refused("file_corrupt", reason="catalog")
        walk = _Walk(opening, document, catalog)
        pages = walk.pages()
        walk.look_for_actions(pages)
        if opening.may_be_form:
            from services.shared.sandbox.opening import Form

            form = Form("pdf", document, fields=list(walk.fields().items()))
            form.lines = [{"text": line} for line in pdf_text.search(opening, document).splitlines()]
            opening.form_found(form)
        else:
            walk.search_fields()
            pdf_text.search(opening, document)
        walk.search_aside(reader, pages)
        walk.extract_files(pages)
    except LimitReachedError as error:
        raise Refused("file_too_complex", reason="limit") from error
    except FileNotDecryptedError as error:
        raise Refused("file_encrypted") from error


def _open(document: Document) -> pypdf.PdfReader:
    try:
        reader = pypdf.PdfReader(document.stream, strict=False)
        if reader.is_encrypted:
            if reader.decrypt("") == pypdf.PasswordType.NOT_DECRYPTED:
                raise Refused("file_encrypted")
            document.note("encrypted_without_password")
        return reader
    except LimitReachedError as error:
        raise Refused("file_too_complex", reason="limit") from error
    except NotImplementedError as error:
        raise Refused("file_encrypted", reason="method") from error
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
    """Goes through the objects of one file; every object once, and not more than the policy's count."""

    def __init__(self, opening: FileOpening, document: Document, catalog: DictionaryObject) -> None:
        self._opening = opening
        self._document = document
        self._catalog = catalog
        self._left = opening.policy.opening.pdf_objects
        self._taken: set[tuple[bytes, str]] = set()

    def pages(self) -> list[DictionaryObject]:
        """The page dictionaries in order, as many as the policy allows."""
        root = _dictionary(self._catalog.get("/Pages"))
        if root is None:
            raise Refused("file_corrupt", reason="pages")
        found = [node for node in self._tree(root, "/Kids") if "/Kids" not in node]
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
        names = _dictionary(self._catalog.get("/Names"))
        if names is not None and "/JavaScript" in names and any(True for _ in self._name_tree(names.get("/JavaScript"))):
            self._opening.finding(self._document, "active_content", what="JavaScript", at="names")
        for number, page in enumerate(pages, 1):
            self._judge_all(page.get("/AA"), f"page {number}")
            for annotation in self._annotations(page):
                self._judge(annotation.get("/A"), f"page {number}", scripts=annotation.get("/Subtype") != "/Widget")
                self._judge_all(annotation.get("/AA"), f"page {number}", scripts=annotation.get("/Subtype") != "/Widget")
                if annotation.get("/Subtype") in ("/RichMedia", "/Movie", "/3D", "/Screen"):
                    self._document.note(f"holds_{str(annotation.get('/Subtype'))[1:]}")
        form = _dictionary(self._catalog.get("/AcroForm"))
        if form is not None and "/XFA" in form:
            if _array(form.get("/Fields")):
                self._document.note("holds_XFA")
            else:
                self._opening.finding(self._document, "active_content", what="XFA")

    def fields(self) -> dict[str, str | bool | list[str]]:
        """The terminal form fields by full name."""
        found: dict[str, str | bool | list[str]] = {}
        form = _dictionary(self._catalog.get("/AcroForm"))
        limit = self._opening.policy.opening.form_fields
        waiting: list[tuple[Any, str, dict[str, Any]]] = [
            (item, "", {}) for item in reversed(_array(form.get("/Fields")) if form is not None else [])
        ]
        seen: set[int] = set()
        while waiting:
            raw, prefix, inherited = waiting.pop()
            node = self._visit(raw, seen)
            if node is None:
                continue
            partial = node.get("/T")
            name = f"{prefix}.{partial}" if prefix and partial is not None else str(partial) if partial is not None else prefix
            inherited = {**inherited, **{key: node[key] for key in ("/FT", "/Ff", "/V", "/Opt") if key in node}}
            kids = _array(node.get("/Kids"))
            if any("/T" in kid for kid in map(_dictionary, kids) if kid is not None):
                waiting.extend((kid, name, inherited) for kid in reversed(kids))
            elif name and len(name) <= 300:
                value = self._value(node, inherited, [kid for kid in map(_dictionary, kids) if kid is not None])
                if value is not None and not found.get(name):
                    found[name] = value
                if len(found) > limit:
                    raise Refused("file_too_complex", reason="fields")
        for name, value in found.items():
            self._document.search(value if isinstance(value, str) else " ".join(value) if isinstance(value, list) else "", part="field", field=name)
        return found

    def search_fields(self) -> None:
        """Look for fødselsnummer in filled-in fields of a file that is not the form."""
        self.fields()

    def search_aside(self, reader: pypdf.PdfReader, pages: list[DictionaryObject]) -> None:
        """Look for fødselsnummer where nobody looks: the file's properties, its bookmarks, comments on the pages."""
        told = [str(_plain(value)) for value in (_dictionary(reader.trailer.get("/Info")) or {}).values()]
        metadata = _plain(self._catalog.get("/Metadata"))
        if isinstance(metadata, StreamObject):
            told.append(metadata.get_data()[:_MOST_METADATA].decode("utf-8", "replace"))
        self._document.search("\n".join(told), part="properties")
        titles, node = [], _dictionary(self._catalog.get("/Outlines"))
        waiting, seen = [node.get("/First")] if node is not None else [], set[int]()
        while waiting:
            entry = self._visit(waiting.pop(), seen)
            if entry is not None:
                titles.append(str(_plain(entry.get("/Title"))))
                waiting += [entry.get("/First"), entry.get("/Next")]
        self._document.search("\n".join(titles), part="bookmarks")
        for number, page in enumerate(pages, 1):
            said = [str(_plain(annotation.get(key))) for annotation in self._annotations(page) for key in ("/Contents", "/T", "/TU", "/Subj", "/RC")]
            self._document.search("\n".join(said), page=number)

    def extract_files(self, pages: list[DictionaryObject]) -> None:
        """Hand over every attached file once: from the catalog's name tree, its associated files, and the pages' paper clips."""
        names = _dictionary(self._catalog.get("/Names"))
        candidates: list[tuple[Any, str]] = []
        if names is not None:
            candidates += [(value, key) for key, value in self._name_tree(names.get("/EmbeddedFiles"))]
        candidates += [(item, "") for item in _array(self._catalog.get("/AF"))]
        for page in pages:
            candidates += [(annotation.get("/FS"), "") for annotation in self._annotations(page) if annotation.get("/Subtype") == "/FileAttachment"]
            candidates += [(item, "") for item in _array(page.get("/AF"))]
        for number, (raw, key) in enumerate(candidates, 1):
            specification = _dictionary(raw)
            if specification is not None:
                self._extract(specification, key, number)

    def _extract(self, specification: DictionaryObject, key: str, number: int) -> None:
        files = _dictionary(specification.get("/EF"))
        name = str(_plain(specification.get("/UF")) or _plain(specification.get("/F")) or key or f"vedlegg {number}")
        if files is None:
            self._document.note("attachment_without_content")
            return
        stream = next((value for kind in ("/UF", "/F", "/Unix", "/DOS", "/Mac") if isinstance(value := _plain(files.get(kind)), StreamObject)), None)
        if stream is None:
            self._opening.finding(self._document, "file_corrupt", part=name, reason="attachment")
            return
        try:
            data = stream.get_data()
            mark = (hashlib.sha256(data).digest(), name)
            if mark not in self._taken:
                self._taken.add(mark)
                self._opening.extract(self._document, name.replace("\\", "/"), [data])
        except OutOfBudget:
            raise
        except LimitReachedError:
            self._opening.finding(self._document, "file_too_complex", part=name, reason="limit")
        except Refused as refused:
            self._opening.finding(self._document, refused.code, **{**refused.detail, "part": name})

    def _value(self, node: DictionaryObject, inherited: dict[str, Any], widgets: list[DictionaryObject]) -> str | bool | list[str] | None:
        kind, flags, value = _plain(inherited.get("/FT")), _plain(inherited.get("/Ff")) or 0, _plain(inherited.get("/V"))
        most = self._opening.policy.opening.form_value_characters
        if kind == "/Btn":
            return self._button(node, int(flags), value, widgets or [node])
        if kind == "/Ch":
            chosen = [str(_plain(item))[:most] for item in value] if isinstance(value, ArrayObject) else [str(value)] if value is not None else []
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
        state = str(value if value is not None else _plain(node.get("/AS")) or "/Off").removeprefix("/")
        states = {name for widget in widgets for name in _states(widget)} - {"Off"}
        if flags & _RADIO or len(states) > 1:
            return "" if state == "Off" else state
        return state not in ("Off", "")

    def _judge_all(self, raw: Any, place: str, *, scripts: bool = True) -> None:
        actions = _dictionary(raw)
        for action in actions.values() if actions is not None else ():
            self._judge(action, place, scripts=scripts)

    def _judge(self, raw: Any, place: str, *, scripts: bool = True) -> None:
        """One action and those that follow it. Scripts of form fields (`scripts` false) calculate and format: only noted."""
        waiting, seen = [raw], set[int]()
        while waiting:
            action = self._visit(waiting.pop(), seen)
            if action is None:
                continue
            kind = _plain(action.get("/S"))
            if kind == "/Launch" or (kind == "/JavaScript" and scripts):
                self._opening.finding(self._document, "active_content", what=str(kind)[1:], at=place)
            elif kind in _RUNS | {"/SubmitForm", "/ImportData", "/GoToR", "/GoToE"}:
                self._document.note(f"holds_{str(kind)[1:]}")
            following = _plain(action.get("/Next"))
            waiting.extend(following if isinstance(following, ArrayObject) else [following])

    def _annotations(self, page: DictionaryObject) -> Iterator[DictionaryObject]:
        for raw in _array(page.get("/Annots")):
            self._spend()
            annotation = _dictionary(raw)
            if annotation is not None:
                yield annotation

    def _name_tree(self, raw: Any) -> Iterator[tuple[str, Any]]:
        root = _dictionary(raw)
        for node in self._tree(root, "/Kids") if root is not None else ():
            pairs = _array(node.get("/Names"))
            for position in range(0, len(pairs) - 1, 2):
                self._spend()
                yield str(_plain(pairs[position])), pairs[position + 1]

    def _tree(self, root: DictionaryObject, children: str) -> Iterator[DictionaryObject]:
        """All nodes in document order. Raises Refused for one that holds itself."""
        waiting: list[tuple[DictionaryObject, int]] = [(root, 0)]
        seen: set[int] = set()
        while waiting:
            node, depth = waiting.pop()
            self._spend()
            if id(node) in seen or depth > _MOST_TREE_DEPTH:
                raise Refused("file_too_complex", reason="loop")
            seen.add(id(node))
            yield node
            kids = [kid for kid in map(_dictionary, _array(node.get(children))) if kid is not None]
            waiting.extend((kid, depth + 1) for kid in reversed(kids))

    def _visit(self, raw: Any, seen: set[int]) -> DictionaryObject | None:
        node = _dictionary(raw)
        if node is None or id(node) in seen:
            return None
        seen.add(id(node))
        self._spend()
        return node

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refused("file_too_complex", reason="objects")


def _states(widget: DictionaryObject) -> list[str]:
    """The names of the looks that a button has, `Off` among them."""
    appearance = _dictionary(widget.get("/AP"))
    normal = _dictionary(appearance.get("/N")) if appearance is not None else None
    return [str(name).removeprefix("/") for name in normal] if normal is not None else []


def _plain(value: Any) -> Any:
    """The object behind a reference, or None; a reference to a reference is followed a few times only."""
    for _ in range(8):
        if not isinstance(value, IndirectObject):
            return value
        value = value.get_object()
    return None


def _dictionary(value: Any) -> DictionaryObject | None:
    found = _plain(value)
    return found if isinstance(found, DictionaryObject) else None


def _array(value: Any) -> list[Any]:
    found = _plain(value)
    return list(found) if isinstance(found, ArrayObject) else []
