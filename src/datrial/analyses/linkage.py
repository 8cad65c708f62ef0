"""How references were linked to people: links by weight, conflicts, clusters, what is missing."""

from __future__ import annotations

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.linkage_allocated import allocated_twice_table
from datrial.analyses.linkage_tables import (
    bands_table,
    clusters_table,
    conflicts_table,
    missing_table,
    parameters_table,
    quality_table,
    references_table,
)
from datrial.results.cells import State, Table


class LinkageParameters(Parameters):
    """The linkage report has no parameters: its cuts stand in the study file."""


def run(context: Context, parameters: LinkageParameters) -> list[Table]:
    """Return the linkage report; without a linkage its tables say so."""
    made = [
        quality_table, bands_table, references_table, conflicts_table,
        allocated_twice_table, clusters_table, missing_table, parameters_table,
    ]  # fmt: skip
    linked = bool(
        context.connection.execute(
            "select count(*) from information_schema.tables "
            "where table_schema = 'people' and table_name = 'link_setting'"
        ).fetchall()[0][0]
    )
    kinds: list[str] = []
    if linked:
        rows = context.connection.execute("select of from people.link_setting order by of")
        kinds = [of for (of,) in rows.fetchall()]
    tables = [make(context, kinds) for make in made]
    for table in tables:
        if not kinds:
            table.row("none", "No linkage")
            for column in table.column_labels:
                table.absent(
                    "none",
                    column,
                    "count",
                    "no references are linked in this study"
                    if not linked
                    else "no extract identifies people",
                    state=State.NOT_AVAILABLE if linked else State.NOT_APPLICABLE,
                )
    return tables


ANALYSIS = Analysis(
    id="linkage",
    title="Linkage of references to people",
    chapter="Data received",
    question="Which references of the agencies are one person, and how sure is that?",
    population="Every reference to a perpetrator or a victim-survivor for which an agency sent "
    "names, date of birth or postcode.",
    rules="References of agencies that share them are one person without linkage. Others are "
    "compared by given name, family name, date of birth and postcode; names, dates and postcodes "
    "are used in memory only. A link is made from the match weight in the study file on; clerical "
    "decisions come before weights. Two references of one space are two people unless the study "
    "file says otherwise; a cluster of more references than the study file allows falls apart at "
    "its weakest links. Whoever was allocated under several references keeps the first allocation.",
    model="Fellegi and Sunter's model with splink: u from random pairs, m by "
    "expectation-maximisation, names weighed by their own frequency, prior odds by maximum "
    "likelihood. Among few references fixed parameters are used, and the table says so.",
    references=(
        "Fellegi and Sunter (1969), A theory for record linkage, Journal of the American "
        "Statistical Association 64(328), 1183-1210.",
        "Linacre et al. (2022), Splink: free software for probabilistic record linkage at scale, "
        "International Journal of Population Data Science 7(3).",
        "Harron et al. (2017), Challenges in administrative data linkage for research, Big Data "
        "& Society 4(2).",
    ),
    limits=(
        "A link is a probability: some links are wrong and some people stand under two "
        "references. The analysis of the sensitivity to the linkage shows what other cuts would "
        "change.",
    ),
    catalogue=(),
    parameters=LinkageParameters,
    run=run,
)
