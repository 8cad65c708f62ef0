"""Words of the field: what agencies call our columns and codes, beyond the mapping files."""

from __future__ import annotations

import re
from functools import cache

from datrial.extracts.describe_service_words import SERVICE_NAMES, SERVICE_SPELLINGS

#: Word of a column's name -> what it means here. Several words can mean one thing.
_MEANING = {
    **dict.fromkeys(("perp", "perpetrator", "nominal", "suspect", "offender", "su", "person",
                     "respondent", "accused"), "perpetrator"),
    **dict.fromkeys(("victim", "vic", "vs", "survivor", "client", "complainant", "aggrieved"),
                    "victim"),
    **dict.fromkeys(("ref", "reference", "id", "urn", "number", "num", "identifier", "key",
                     "crn"), "reference"),
    **dict.fromkeys(("date", "on", "day", "when", "datetime"), "date"),
    **dict.fromkeys(("hearing", "heard", "conference", "marac", "meeting"), "hearing"),
    **dict.fromkeys(("incident", "occurrence", "log", "event"), "incident"),
    **dict.fromkeys(("offence", "offense", "category", "type", "classification"), "offence"),
    **dict.fromkeys(("outcome", "result", "disposal", "disposition"), "outcome"),
    **dict.fromkeys(("da", "dv", "domestic", "abuse"), "domestic"),
    **dict.fromkeys(("flag", "marker", "indicator", "is", "recorded"), "flag"),
    **dict.fromkeys(("crime", "crimed"), "crime"),
    **dict.fromkeys(("repeat", "repeated"), "repeat"),
    **dict.fromkeys(("referral", "referring", "referred", "referrer", "source"), "referral"),
    **dict.fromkeys(("child", "children", "kid"), "children"),
    **dict.fromkeys(("cyp", "cyps"), "cyps"),
    **dict.fromkeys(("sex", "gender"), "sex"),
    **dict.fromkeys(("ethnicity", "ethnic", "race"), "ethnicity"),
    **dict.fromkeys(("living", "accommodation", "cohabiting"), "living"),
    **dict.fromkeys(("arrangement", "situation"), "arrangement"),
    **dict.fromkeys(("stage", "phase", "point", "timepoint"), "stage"),
    **dict.fromkeys(("assessed", "assessment", "completed", "complete"), "completed"),
    **dict.fromkeys(("start", "started", "opened"), "start"),
    **dict.fromkeys(("closure", "closed", "closing"), "closure"),
    **dict.fromkeys(("contact", "contacted"), "contact"),
    **dict.fromkeys(("arm", "allocated", "allocation", "randomised", "assigned"), "arm"),
    **dict.fromkeys(("q", "question", "item"), "item"),
    **dict.fromkeys(("charge", "charged", "criminal", "record"), "charge"),
    **dict.fromkeys(("involved", "involvement"), "involvement"),
    **dict.fromkeys(("engaged", "engagement", "engage"), "engagement"),
    **dict.fromkeys(("area", "site", "region", "locality", "borough", "force"), "site"),
    **dict.fromkeys(("drug", "drugs", "substance"), "drug"),
}  # fmt: skip
_NO_MEANING = frozenset(("of", "the", "at", "to", "in", "for", "with", "and", "a", "an", "by",
                         "no", "s", "case"))  # fmt: skip
#: Pairs of words that mean one thing together.
_PAIRS = {("service", "user"): "su", ("time", "point"): "timepoint"}
#: How much a meaning tells of a column: almost every table has references and dates.
_WEIGHT = {"reference": 0.3, "date": 0.4, "flag": 0.2, "arrangement": 0.3}

#: Our column -> other names that are common for it.
OTHER_NAMES = {
    "perpetrator_id": ("perpetrator ref", "perpetrator"),
    "victim_id": ("victim ref",),
    "ae_attendances": ("attended a&e", "a&e", "emergency department"),
    "gp_attendances": ("attended gp", "gp", "general practitioner"),
    "incident_id": ("incident ref", "crime number", "occurrence"),
    "hearing_date": ("marac date", "hearing date", "case heard on"),
    "meeting_date": ("marac date", "meeting date"),
    "offence": ("offence type", "crime type"),
    "domestic_abuse": ("domestic abuse flag", "da flag"),
    "crimed": ("crime recorded",),
    "repeat_case": ("repeat referral", "repeat"),
    "score": ("total", "total score", "dash score", "risk score"),
    "children_count": ("number of children", "children in household", "children"),
    "referral_agency": ("source of referral", "referred by", "referral agency"),
    "time_point": ("stage",),
    "assessed_on": ("assessment date", "completed on", "date completed"),
    "closure_date": ("date closed",),
    "sex": ("gender",),
    "arm": ("allocated to", "group allocated"),
    "contacts": ("number of contacts",),
    "domestic_abuse_charges": ("dv charges",),
    "criminal_record_domestic_abuse": ("criminal record dv",),
    "living_arrangement": ("living with", "living situation"),
    "ccj_involvement": ("ccj", "criminal justice involvement"),
    "risk_change": ("change of risk", "view of risk"),
    "completed": ("case completed",),
    "direct_contact": ("direct contact with case manager",),
    "idva_engaged": ("victim engaged with idva",),
    "housing_level": ("housing situation", "level of housing need"),
    "employment_level": ("level of employment difficulties",),
    "alcohol_misuse_level": ("level of alcohol misuse", "level of alcohol use"),
    "relationship_with_children_level": ("level of relationship issues with children",),
    "parenting_capacity_level": ("level of parenting issues",),
    "mental_health_level": ("state of mental health", "level of mental health difficulties"),
    "drugs_misuse_level": ("level of drug misuse", "level of drug use"),
    "relationship_with_family_level": ("level of relationship issues with family members",),
    "financial_level": ("level of financial difficulties",),
    "social_community_ties_level": ("level of social and community ties",),
    "physical_health_level": ("state of physical health", "level of poor physical health"),
    "other_addictions_level": ("level of other addictions",),
    "household_id": ("household ref", "household", "uprn"),
    "requested_on": ("date requested", "request date"),
    "request_number": ("number of request",),
    "event": ("what happened",),
    "event_date": ("date of event",),
} | SERVICE_NAMES
#: Our code -> spellings that are common for it, in any column that has the code.
OTHER_SPELLINGS = {
    "yes": ("y", "true", "1", "t"),
    "no": ("n", "false", "0", "f"),
    "male": ("m", "man", "men"),
    "female": ("f", "w", "woman", "women"),
    "other": ("oth", "another", "another known person"),
    "dont_know": ("don't know", "dk", "unknown", "not known", "n/k", "nk", "unsure"),
    "not_applicable": ("n/a", "na", "n.a."),
    "prefer_not_to_say": ("refused", "declined", "not stated"),
    "health": ("nhs", "gp", "hospital", "ccg"),
    "voluntary_sector": ("vcs", "third sector", "charity", "vcse", "voluntary"),
    "childrens_services": ("csc", "children's social care", "social services", "cyps"),
    "probation": ("nps", "crc", "nps / crc"),
    "education": ("school", "edu"),
    "police": ("ppu",),
    "no_further_action": ("nfa",),
    "charged": ("summonsed", "charge"),
    "cautioned": ("caution", "conditional caution"),
    "current_partner": ("partner", "intimate partner", "spouse", "husband", "wife"),
    "ex_partner": ("ex", "former partner", "former intimate partner", "ex-intimate partner"),
    "apart": ("not living together", "separated", "living apart", "lives apart"),
    "intermittently": ("living together intermittently", "on and off"),
    "together": ("living together", "cohabiting", "lives with"),
    "violence_with_injury": ("vwi", "abh", "gbh"),
    "violence_without_injury": ("vwoi", "common assault"),
    "intervention": ("drive", "treatment", "programme"),
    "control": ("usual practice", "comparison"),
    "midpoint": ("mid-point", "mid point", "review"),
    "closure": ("exit", "case closure", "end"),
    "intake": ("start", "baseline", "entry"),
} | SERVICE_SPELLINGS
#: Where a table comes from, as long as no mapping file tells.
SOURCES = {
    "allocation_list": "allocation", "meeting_capacity": "allocation",
    "police_request": "allocation", "person_event": "events",
}  # fmt: skip
#: Answers that are none, in any column.
ABSENT = frozenset(
    ("-", "--", ".", "?", "n/a", "na", "n.a.", "nk", "n/k", "nil", "none recorded", "null", "dk",
     "don't know", "dont know", "not known", "unknown", "not recorded", "not applicable",
     "not stated", "tbc")
)  # fmt: skip
#: Words of a column's name that say it tells who somebody is, or is free text.
SENSITIVE = {
    **dict.fromkeys(("surname", "forename", "firstname", "lastname", "fullname", "alias",
                     "aka"), "name"),
    **dict.fromkeys(("dob", "birth", "born", "birthdate"), "date of birth"),
    **dict.fromkeys(("address", "street", "uprn"), "address"),
    **dict.fromkeys(("postcode", "postal", "zip"), "postcode"),
    **dict.fromkeys(("telephone", "phone", "mobile", "tel"), "telephone"),
    **dict.fromkeys(("email", "mail"), "e-mail"),
    **dict.fromkeys(("note", "comment", "narrative", "description", "summary", "detail",
                     "remark", "freetext"), "free text"),
    **dict.fromkeys(("officer", "worker", "keyworker", "oic", "author", "supervisor"), "name"),
}  # fmt: skip
#: Things that have names too, beside people.
_NAMED_THINGS = frozenset(("site", "offence", "agency", "service", "team", "court", "file"))


@cache
def words(name: str) -> tuple[str, ...]:
    """Return the words of a column name: ``PerpDOB`` has two, plurals lose their s."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    parted = re.sub(r"(?<=[A-Za-z])(?=\d)", " ", parted).lower().replace("’", "'")
    found = re.findall(r"[^\W\d_]+|\d+", re.sub(r"'s\b", "s", parted))
    singular = [word[:-1] if len(word) > 3 and word[-1:] == "s" and word[-2:] != "ss" else word
                for word in found]  # fmt: skip
    joined, position = [], 0
    while position < len(singular):
        pair = tuple(singular[position : position + 2])
        joined.append(_PAIRS.get(pair, singular[position]))
        position += 2 if pair in _PAIRS else 1
    return tuple(str(int(word)) if word.isdecimal() else word for word in joined)


@cache
def meanings(name: str) -> frozenset[str]:
    """Return what the words of a column name mean."""
    return frozenset(_MEANING.get(word, word) for word in words(name) if word not in _NO_MEANING)


def weight(found: frozenset[str]) -> float:
    """Return how much meanings tell of a column together."""
    return sum(_WEIGHT.get(meaning, 1.0) for meaning in found)


def sensitive_name(name: str) -> str | None:
    """Return what a column holds about people, if its name says so."""
    found = words(name)
    for word in found:
        if word in SENSITIVE:
            return SENSITIVE[word]
    if "name" in found and not {_MEANING.get(word, word) for word in found} & _NAMED_THINGS:
        return "name"
    return None


_FIELD = (
    frozenset(_MEANING)
    | frozenset(SENSITIVE)
    | frozenset(word for names in OTHER_NAMES.values() for name in names for word in words(name))
    | frozenset(("name", "time", "age", "nationality", "title", "status", "count", "total"))
)


def is_word_of_the_field(name: str) -> bool:
    """Return whether a text has a word that column names have here."""
    return any(word in _FIELD and word not in _NO_MEANING for word in words(name))
