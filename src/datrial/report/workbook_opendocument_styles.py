"""How an OpenDocument spreadsheet looks: text, headings, columns, numbers, the printed page."""

from __future__ import annotations

from datrial.report.workbook_formats import NumberFormat
from datrial.report.workbook_parts import LANGUAGE, escape

PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'
VERSION = 'office:version="1.3"'
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
NAMESPACES = " ".join(
    f'xmlns:{name}="{uri}"'
    for name, uri in {
        "office": f"{_OASIS}:office:1.0",
        "style": f"{_OASIS}:style:1.0",
        "text": f"{_OASIS}:text:1.0",
        "table": f"{_OASIS}:table:1.0",
        "number": f"{_OASIS}:datastyle:1.0",
        "fo": f"{_OASIS}:xsl-fo-compatible:1.0",
        "svg": f"{_OASIS}:svg-compatible:1.0",
        "meta": f"{_OASIS}:meta:1.0",
        "config": f"{_OASIS}:config:1.0",
        "dc": "http://purl.org/dc/elements/1.1/",
        "xlink": "http://www.w3.org/1999/xlink",
    }.items()
)

_FONT = "Arial"
_CM_A_CHARACTER = 0.235


def styles_xml() -> str:
    """Return the part of the file that holds the styles with names."""
    language, _, country = LANGUAGE.partition("-")
    return (
        f"{PROLOGUE}<office:document-styles {NAMESPACES} {VERSION}>"
        f'<office:font-face-decls><style:font-face style:name="{_FONT}" '
        f'svg:font-family="{_FONT}" style:font-family-generic="swiss"/></office:font-face-decls>'
        '<office:styles><style:default-style style:family="table-cell">'
        f'<style:text-properties style:font-name="{_FONT}" fo:font-size="12pt" '
        f'fo:language="{language}" fo:country="{country}"/></style:default-style>'
        '<style:style style:name="Default" style:family="table-cell"/>'
        f"{_style('Running', '', 'false')}"
        f"{_style('Wrapped', '', 'true')}"
        f"{_style('Mark', '', 'true', 'end')}"
        f"{_style('Heading_20_1', _bold(16), 'false')}"
        f"{_style('Heading_20_2', _bold(14), 'false')}"
        f"{_style('Column_20_heading', _bold(12), 'true')}"
        "</office:styles><office:automatic-styles>"
        '<style:page-layout style:name="pm1"><style:page-layout-properties '
        'fo:page-width="29.7cm" fo:page-height="21cm" style:print-orientation="landscape"/>'
        "</style:page-layout>"
        "</office:automatic-styles><office:master-styles>"
        '<style:master-page style:name="Default" style:page-layout-name="pm1"/>'
        "</office:master-styles></office:document-styles>"
    )


def column_style(name: str, width: int) -> str:
    """Return the style of a column so many characters wide."""
    return (
        f'<style:style style:name="{name}" style:family="table-column">'
        f'<style:table-column-properties style:column-width="{width * _CM_A_CHARACTER:.2f}cm"/>'
        "</style:style>"
    )


def number_style(name: str, form: NumberFormat) -> str:
    """Return the styles of cells ``ce<name>`` and of their numbers ``N<name>``."""
    kind = "percentage-style" if form.is_share else "number-style"
    digits = f'number:decimal-places="{form.decimals}" number:min-integer-digits="1"'
    if form.is_scientific:
        number = f'<number:scientific-number {digits} number:min-exponent-digits="2"/>'
    else:
        grouped = "false" if form.is_share else "true"
        number = f'<number:number {digits} number:grouping="{grouped}"/>'
    ends, maps = "", ""
    if form.is_p_value:
        for place, (condition, words) in enumerate(
            (("value()<0.001", "< 0.001"), ("value()>0.999", "> 0.999"))
        ):
            ends += (
                f'<number:number-style style:name="N{name}P{place}" style:volatile="true">'
                f"<number:text>{escape(words)}</number:text></number:number-style>"
            )
            maps += (
                f'<style:map style:condition="{escape(condition)}" '
                f'style:apply-style-name="N{name}P{place}"/>'
            )
    sign = "<number:text>%</number:text>" if form.is_share else ""
    return (
        f'{ends}<number:{kind} style:name="N{name}">{number}{sign}{maps}</number:{kind}>'
        f'<style:style style:name="ce{name}" style:family="table-cell" '
        f'style:parent-style-name="Mark" style:data-style-name="N{name}"/>'
    )


def _style(name: str, text: str, wrap: str, align: str = "start") -> str:
    shown = name.replace("_20_", " ")
    return (
        f'<style:style style:name="{name}" style:display-name="{shown}" '
        'style:family="table-cell" style:parent-style-name="Default">'
        '<style:table-cell-properties style:vertical-align="top" '
        f'fo:wrap-option="{"wrap" if wrap == "true" else "no-wrap"}" '
        'style:text-align-source="fix"/>'
        f'<style:paragraph-properties fo:text-align="{align}"/>{text}</style:style>'
    )


def _bold(size: int) -> str:
    return f'<style:text-properties fo:font-size="{size}pt" fo:font-weight="bold"/>'
