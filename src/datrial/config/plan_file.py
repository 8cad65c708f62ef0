"""Write the ``plan`` section into a study file's text and leave all else as it stands."""

from __future__ import annotations

from textwrap import wrap

from datrial.config.plan import Plan
from datrial.errors import DatrialError

_WIDTH = 96
_ABOUT = "# The lock of the analysis plan: `datrial plan` shows it, and what to do when it changes."


def plan_yaml(plan: Plan) -> str:
    """Return the ``plan`` section of a study file."""
    lines = ["plan:"]
    if plan.locked:
        lines += [f"  locked: {plan.locked}", f'  hash: "{plan.hash}"']
    if plan.parts:
        parts = [f'{name}: "{code}"' for name, code in plan.parts.items()]
        lines += ["  parts:", *_flow(parts, "{", "}", "    ")]
    if plan.amendments:
        lines.append("  amendments:")
    for amendment in plan.amendments:
        lines += [
            f"    - date: {amendment.date}",
            f"      reason: {_quoted(amendment.reason)}",
            f'      hash: "{amendment.hash}"',
            "      changed:",
            *_flow(amendment.changed, "[", "]", "        "),
        ]
    if plan.exploratory:
        lines += ["  exploratory:", *_flow(plan.exploratory, "[", "]", "    ")]
    return "\n".join(lines if len(lines) > 1 else ["plan: {}"]) + "\n"


def with_plan(text: str, plan: Plan) -> str:
    """Return a study file's text with this plan section, in the place of the one it has.

    All other lines stay as they are; a comment within the old section moves to the new
    one's head.

    Raises
    ------
    DatrialError
        If the text could not be changed without changing anything else.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    before = text.replace("\r\n", "\n")
    start, end = _place(before)
    new = plan_yaml(plan)
    if start == end:  # there is none yet: at the end of the file
        before = before.rstrip("\n") + "\n\n"
        changed = f"{before}{_ABOUT}\n{new}"
    else:
        head, _, rest = new.partition("\n")
        kept = "".join(f"  {comment}\n" for comment in _comments(before[start:end]))
        changed = f"{before[:start]}{head}\n{kept}{rest}{before[end:]}"
    _only_the_plan(before, changed)
    return changed.replace("\n", newline)


def _place(text: str) -> tuple[int, int]:
    """Return where the plan section begins and ends: whole lines, without what follows it."""
    import yaml

    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in tree.value if isinstance(tree, yaml.MappingNode) else ():
        if key.value != "plan":
            continue
        start = text.rfind("\n", 0, key.start_mark.index) + 1
        end = value.end_mark.index
        if text[end - 1] != "\n":
            end = (text.find("\n", end) + 1) or len(text)
        lines = text[start:end].splitlines(keepends=True)
        while len(lines) > 1 and (not lines[-1].strip() or lines[-1].startswith("#")):
            lines.pop()  # it belongs to the next section
        return start, start + len("".join(lines))
    return len(text), len(text)


def _comments(section: str) -> list[str]:
    """Return the comments of a section: what stands between YAML's tokens."""
    import yaml

    between, at = [], 0
    for token in yaml.scan(section, Loader=yaml.SafeLoader):
        between += section[at : token.start_mark.index].split("\n")
        at = max(at, token.end_mark.index)
    return [text.strip() for text in between if text.strip().startswith("#")]


def _only_the_plan(before: str, after: str) -> None:
    import yaml

    contents = [yaml.safe_load(text) for text in (before, after)]
    rest = [{key: value for key, value in one.items() if key != "plan"} for one in contents]
    if rest[0] != rest[1] or list(rest[0]) != list(rest[1]):
        raise DatrialError(
            "The study file could not be changed without changing more than its plan. Put the "
            "lines that the command prints without --write into the file by hand."
        )


def _flow(items: tuple[str, ...] | list[str], opening: str, closing: str, indent: str) -> list[str]:
    """Return items as YAML in brackets, on as many lines as they need; no item is broken."""
    text = " ".join(f"{item.replace(' ', chr(0))}," for item in items).removesuffix(",")
    wrapped = wrap(
        f"{opening}{text}{closing}", _WIDTH, initial_indent=indent, subsequent_indent=f"{indent} ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace(chr(0), " ") for line in wrapped]


def _quoted(text: str) -> str:
    """Return a text as YAML in double quotes."""
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
