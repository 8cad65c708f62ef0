"""A workbook as an OpenDocument spreadsheet (ODF 1.3); same workbook, same bytes.

Our own writer: the libraries for it are no longer looked after, and little is needed.
"""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import quoteattr

from datrial.report.workbook_opendocument_content import content_xml
from datrial.report.workbook_opendocument_styles import NAMESPACES, PROLOGUE, VERSION, styles_xml
from datrial.report.workbook_parts import LANGUAGE, MOST_FROZEN, Sheet, Workbook, escape

MIME_TYPE = "application/vnd.oasis.opendocument.spreadsheet"

#: The earliest time that a zip file can tell.
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def opendocument_bytes(workbook: Workbook) -> bytes:
    """Return the workbook as the content of an ``.ods`` file."""
    parts = {
        "content.xml": content_xml(workbook),
        "styles.xml": styles_xml(),
        "meta.xml": _meta_xml(workbook),
        "settings.xml": _settings_xml(workbook),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # First and not compressed, so that the kind of file can be told from its first bytes.
        _store(archive, "mimetype", MIME_TYPE, zipfile.ZIP_STORED)
        for name, content in parts.items():
            _store(archive, name, content, zipfile.ZIP_DEFLATED)
        _store(archive, "META-INF/manifest.xml", _manifest_xml(parts), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _store(archive: zipfile.ZipFile, name: str, content: str, compression: int) -> None:
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.compress_type = compression
    entry.external_attr = 0o600 << 16
    archive.writestr(entry, content.encode())


def _meta_xml(workbook: Workbook) -> str:
    made = workbook.made.isoformat(timespec="seconds")
    return (
        f"{PROLOGUE}<office:document-meta {NAMESPACES} {VERSION}><office:meta>"
        "<meta:generator>datrial</meta:generator>"
        f"<dc:title>{escape(workbook.title)}</dc:title>"
        f"<dc:subject>{escape(workbook.subject)}</dc:subject>"
        f"<dc:language>{LANGUAGE}</dc:language>"
        f"<meta:creation-date>{made}</meta:creation-date><dc:date>{made}</dc:date>"
        "</office:meta></office:document-meta>"
    )


def _settings_xml(workbook: Workbook) -> str:
    """Open at the first sheet; keep the headings in sight where little stands above them."""
    tables = "".join(map(_view_of, workbook.sheets))
    first = escape(workbook.sheets[0].name)
    return (
        f"{PROLOGUE}<office:document-settings {NAMESPACES} {VERSION}><office:settings>"
        '<config:config-item-set config:name="ooo:view-settings">'
        '<config:config-item-map-indexed config:name="Views"><config:config-item-map-entry>'
        f"{_item('ViewId', 'string', 'view1')}"
        f'<config:config-item-map-named config:name="Tables">{tables}'
        f"</config:config-item-map-named>{_item('ActiveTable', 'string', first)}"
        "</config:config-item-map-entry></config:config-item-map-indexed>"
        "</config:config-item-set></office:settings></office:document-settings>"
    )


def _view_of(sheet: Sheet) -> str:
    items = [_item("CursorPositionX", "int", 0), _item("CursorPositionY", "int", 0)]
    if sheet.grid is not None and sheet.heading_row <= MOST_FROZEN:
        row = sheet.heading_row
        items += [
            _item("HorizontalSplitMode", "short", 0), _item("VerticalSplitMode", "short", 2),
            _item("HorizontalSplitPosition", "int", 0), _item("VerticalSplitPosition", "int", row),
            _item("ActiveSplitRange", "short", 2), _item("PositionLeft", "int", 0),
            _item("PositionRight", "int", 0), _item("PositionTop", "int", 0),
            _item("PositionBottom", "int", row),
        ]  # fmt: skip
    return (
        f"<config:config-item-map-entry config:name={quoteattr(sheet.name)}>"
        f"{''.join(items)}</config:config-item-map-entry>"
    )


def _item(name: str, kind: str, value: str | int) -> str:
    return (
        f'<config:config-item config:name="{name}" config:type="{kind}">{value}'
        "</config:config-item>"
    )


def _manifest_xml(parts: dict[str, str]) -> str:
    files = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>'
        for name in parts
    )
    return (
        f"{PROLOGUE}<manifest:manifest "
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
        'manifest:version="1.3"><manifest:file-entry manifest:full-path="/" '
        f'manifest:version="1.3" manifest:media-type="{MIME_TYPE}"/>{files}</manifest:manifest>'
    )
