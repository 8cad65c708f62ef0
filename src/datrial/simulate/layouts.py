"""How each agency's files look: names, columns and spellings (mappings: configs/sources/drive)."""

from __future__ import annotations

from dataclasses import dataclass, field

from datrial.simulate.needs import NEEDS
from datrial.simulate.risk import ITEMS
from datrial.simulate.severity import BEHAVIOURS


@dataclass(frozen=True)
class Layout:
    """One sheet, or one CSV file.

    Attributes
    ----------
    columns
        Our name -> the agency's, in the order of the file. Names that are not
        ours (``withheld_*``, ``date_of_birth``) are columns we never read.
    spellings
        Our column -> our code -> how the agency writes it. A code that is not
        listed is written in words: ``ex_partner`` as "Ex partner".
    yes_no, dont_know, not_applicable
        How plain answers are written.
    title
        A line above the header; the header is then in line 3.
    date_format
        How a CSV file writes dates; workbooks have real dates.
    """

    file: str
    table: str
    columns: dict[str, str]
    spellings: dict[str, dict[str, str]] = field(default_factory=dict)
    sheet: str | None = None
    title: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    date_format: str = "%d/%m/%Y"
    yes_no: tuple[str, str] = ("Yes", "No")
    dont_know: str = "Don't know"
    not_applicable: str = "Not applicable"

    @property
    def withheld(self) -> tuple[str, ...]:
        """The names of the columns that are never read, as we call them."""
        return tuple(
            name for name in self.columns if name.startswith("withheld_") or name == "date_of_birth"
        )

    def spell(self, column: str, code: str) -> str:
        """Return how the agency writes a code."""
        plain = {
            "yes": self.yes_no[0], "no": self.yes_no[1], "dont_know": self.dont_know,
            "not_applicable": self.not_applicable,
        }  # fmt: skip
        own = self.spellings.get(column, {})
        return own.get(code) or plain.get(code) or code.replace("_", " ").capitalize()


ALLOCATION_LIST = Layout(
    "drive_allocation_list.csv", "allocation_list",
    {"site": "Site", "perpetrator_id": "Perpetrator reference", "meeting_date": "MARAC date",
     "arm": "Allocated to"},
    {"arm": {"intervention": "Drive", "control": "Control"}}, date_format="%Y-%m-%d",
)  # fmt: skip
MEETING_CAPACITY = Layout(
    "drive_meeting_capacity.csv", "meeting_capacity",
    {"site": "Site", "meeting_date": "MARAC date", "places": "Drive places"},
    date_format="%Y-%m-%d",
)  # fmt: skip
POLICE_REQUEST = Layout(
    "drive_police_request_list.csv", "police_request",
    {"site": "Site", "perpetrator_id": "Perpetrator reference", "request_number": "Request",
     "requested_on": "Requested on"}, date_format="%Y-%m-%d",
)  # fmt: skip

MARAC = {
    "site_1": Layout(
        "marac_site_1_cases.csv", "marac_case",
        {"hearing_date": "MARAC date", "perpetrator_id": "Perp ref", "victim_id": "Victim ref",
         "withheld_name": "Perpetrator name", "date_of_birth": "Perpetrator DOB",
         "perpetrator_age": "Perp age", "referral_agency": "Referring agency",
         "repeat_case": "Repeat?", "children_count": "No. of children",
         "withheld_notes": "Notes"},
        {"referral_agency": {"idva": "IDVA", "childrens_services": "Children's Services"}},
    ),
    "site_2": Layout(
        "marac_site_2_conference_log.csv", "marac_case",
        {"perpetrator_id": "Perpetrator ID", "victim_id": "Victim ID",
         "hearing_date": "Case heard on", "withheld_name": "Perpetrator (surname, forename)",
         "date_of_birth": "Date of birth", "perpetrator_age": "Age at meeting",
         "referral_agency": "Source of referral", "repeat_case": "Repeat referral",
         "children_count": "Children in household", "withheld_notes": "Comments"},
        {"referral_agency": {"police": "Police - PPU", "idva": "IDVA service",
                             "childrens_services": "Social Services (children)",
                             "probation": "NPS / CRC", "health": "Health board",
                             "voluntary_sector": "Third sector"}},
        delimiter=";", yes_no=("Y", "N"), dont_know="Not known",
    ),
    "site_3": Layout(
        "marac_site_3_referrals.csv", "marac_case",
        {"withheld_name": "PerpFullName", "perpetrator_id": "PerpURN", "victim_id": "VicURN",
         "hearing_date": "ConferenceDate", "perpetrator_age": "PerpAge",
         "date_of_birth": "PerpDOB", "referral_agency": "ReferralSource",
         "repeat_case": "IsRepeat", "children_count": "ChildCount",
         "withheld_notes": "MinuteNotes"},
        {"referral_agency": {"police": "POLICE", "idva": "IDVA", "childrens_services": "CSC",
                             "probation": "PROB", "health": "NHS", "housing": "HOUSING",
                             "education": "EDU", "voluntary_sector": "VCS", "other": "OTH"}},
        yes_no=("TRUE", "FALSE"), dont_know="UNKNOWN",
    ),
}  # fmt: skip

POLICE = {
    "site_1": Layout(
        "police_site_1_incidents.csv", "police_incident",
        {"incident_id": "Incident number", "perpetrator_id": "Nominal ref",
         "withheld_name": "Nominal name", "incident_date": "Date of incident",
         "offence": "Offence group", "domestic_abuse": "DA marker", "crimed": "Crimed",
         "outcome": "Outcome"},
        {"offence": {"harassment_stalking": "Stalking and harassment"}},
        encoding="utf-8-sig", yes_no=("Y", "N"), not_applicable="N/A",
    ),
    "site_2": Layout(
        "police_site_2_occurrences.csv", "police_incident",
        {"incident_id": "Occurrence", "incident_date": "Recorded date",
         "perpetrator_id": "Person URN", "withheld_name": "Person", "offence": "Category",
         "domestic_abuse": "DV flag", "crimed": "Crime recorded", "outcome": "Disposal",
         "withheld_notes": "Summary"},
        {"offence": {"violence_with_injury": "Violence – with injury",
                     "violence_without_injury": "Violence – without injury",
                     "harassment_stalking": "Harassment / stalking",
                     "theft": "Theft – also under £100",
                     "breach_of_order": "Breach of order – civil or criminal",
                     "verbal_argument": "Verbal argument – no offence"},
         "outcome": {"no_further_action": "NFA"}},
        encoding="cp1252", not_applicable="n.a.",
    ),
    "site_3": Layout(
        "police_site_3_extract.xlsx", "police_incident",
        {"incident_id": "Log no", "incident_date": "Log date", "perpetrator_id": "Suspect ref",
         "withheld_name": "Suspect name", "offence": "Type", "domestic_abuse": "Domestic",
         "crimed": "Crimed?", "outcome": "Result"},
        {"outcome": {"no_further_action": "No further action", "charged": "Charged/summonsed"}},
        sheet="Incidents",
    ),
}  # fmt: skip

_SEVERITY = {name: name.replace("_", " ").capitalize() for name in BEHAVIOURS}
_RELATIONSHIP = {
    "current_partner": "Intimate partner", "ex_partner": "Ex-intimate partner",
    "intermittent_partner": "Intermittent intimate partner",
}  # fmt: skip
_LIVING = {"together": "Living together", "intermittently": "Living together intermittently",
           "apart": "Not living together"}  # fmt: skip
_ETHNICITY = {"white_british": "White British", "white_other": "White Other",
              "asian": "Asian/Asian British", "black": "Black/Black British",
              "mixed": "Mixed race"}  # fmt: skip
_PROFILE = {"relationship": _RELATIONSHIP, "living_arrangement": _LIVING, "ethnicity": _ETHNICITY}

_VICTIM_NEEDS = {"need_mental_health": "Need: mental health", "need_self_harm": "Need: self-harm",
                 "need_alcohol_misuse": "Need: alcohol misuse",
                 "need_drugs_misuse": "Need: drugs misuse",
                 "need_financial": "Need: financial"}  # fmt: skip
_TWELVE_MONTHS = {"attempts_to_leave": "Attempts to leave (12 months)",
                  "ae_attendances": "A&E because of abuse (12 months)",
                  "police_calls": "Calls to police (12 months)",
                  "gp_attendances": "GP for any reason (12 months)",
                  "specialist_support": "Other specialist DVA support (12 months)"}  # fmt: skip
_SUPPORTS = {
    f"support_{name}": f"Support: {label}"
    for name, label in {
        "safety_planning": "safety planning", "marac": "MARAC",
        "health_wellbeing": "health and wellbeing", "criminal_court": "criminal court",
        "police": "police", "housing": "housing", "children": "children",
        "civil_court": "civil court", "finance": "finance and benefits",
        "specialist_service": "specialist service",
    }.items()
}  # fmt: skip

INSIGHTS_INTAKE = Layout(
    "idva_insights.xlsx", "insights_intake",
    {"site": "Service area", "victim_id": "Client ref", "withheld_name": "Client name",
     "perpetrator_id": "Perpetrator ref", "intake_date": "Intake date", "age": "Age",
     "sex": "Gender", "ethnicity": "Ethnicity", "relationship": "Relationship to perpetrator",
     "living_arrangement": "Living situation", "children_present": "Children present",
     "criminal_record_domestic_abuse": "Criminal record for DV",
     "cyps_involvement": "CYPS involved",
     **{name: f"{label} - intake" for name, label in _SEVERITY.items()},
     "sexual_orientation": "Sexual orientation", **_VICTIM_NEEDS, **_TWELVE_MONTHS},
    _PROFILE | {"sexual_orientation": {"lesbian_gay_bisexual": "LGB",
                                       "prefer_not_to_say": "No disclosure"}},
    sheet="Intake", title="Insights: intake forms",
)  # fmt: skip
INSIGHTS_EXIT = Layout(
    "idva_insights.xlsx", "insights_exit",
    {"site": "Service area", "victim_id": "Client ref", "exit_date": "Exit date",
     "contacts": "Number of contacts", "risk_change": "IDVA view of risk",
     **{name: f"{label} - exit" for name, label in _SEVERITY.items()},
     "risk_sustainability": "IDVA view of sustainability", **_SUPPORTS,
     "withheld_notes": "Closing note"},
    sheet="Exit", title="Insights: exit forms",
)  # fmt: skip

_CMS = "drive_case_management.xlsx"
_FORM = {"site": "Site", "perpetrator_id": "SU ref", "time_point": "Stage",
         "assessed_on": "Completed on"}  # fmt: skip
_STAGE = {"time_point": {"midpoint": "Mid-point", "closure": "Case closure"}}
_NEED_LABELS = dict(
    zip(
        NEEDS,
        ("Housing need", "Employment difficulties", "Alcohol misuse",
         "Relationship issues with children", "Parenting capacity", "Mental health difficulties",
         "Drugs misuse", "Relationship issues with family members", "Financial difficulties",
         "Social and community ties", "Poor physical health", "Other addictions"),
        strict=True,
    )
)  # fmt: skip
_LEVEL_LABELS = {
    f"{need}_level": f"Level: {label[0].lower()}{label[1:]}" for need, label in _NEED_LABELS.items()
} | {"housing_level": "Housing situation", "mental_health_level": "State of mental health"}

CMS_SERVICE_USER = Layout(
    _CMS, "cms_service_user",
    {"site": "Site", "perpetrator_id": "SU ref", "withheld_name": "Service user",
     "start_date": "Start date", "closure_date": "Closure date", "completed": "Case completed",
     "age": "Age", "sex": "Gender", "ethnicity": "Ethnicity",
     "relationship": "Relationship to primary VS",
     "living_arrangement": "Living arrangements with VS",
     "domestic_abuse_charges": "DV charges", "idva_engaged": "VS engaged with IDVA",
     "cyps_involvement": "CYPS involvement", "ccj_involvement": "CCJ involvement"},
    _PROFILE | {"relationship": _RELATIONSHIP | {"current_partner": "Current intimate partner",
                                                 "other": "Another known person/associate"},
                "sex": {"male": "Man", "female": "Woman"}},
    sheet="Service users", title="Drive case management: service users",
)  # fmt: skip
CMS_NEED = Layout(
    _CMS, "cms_need", {**_FORM, **_NEED_LABELS, **_LEVEL_LABELS},
    _STAGE | {"housing_level": {"transitory": "Transitory (sofa-surfing)"}}, sheet="Needs",
    title="Drive case management: needs assessment",
)  # fmt: skip
CMS_BEHAVIOUR = Layout(
    _CMS, "cms_behaviour", {**_FORM, **_SEVERITY}, _STAGE, sheet="Behaviours",
    title="Drive case management: risk assessment, severity of behaviours",
)  # fmt: skip
CMS_RISK_ITEM = Layout(
    _CMS, "cms_risk_item",
    {**_FORM, **{f"item_{n:02d}": f"Q{n}" for n in range(1, ITEMS + 1)}, "score": "Total"},
    _STAGE, sheet="Drive-DASH", title="Drive case management: Drive-DASH",
    dont_know="Not known", not_applicable="N/A",
)  # fmt: skip
CMS_ACTION = Layout(
    _CMS, "cms_action",
    {"site": "Site", "perpetrator_id": "SU ref", "action_date": "Date", "work": "Work",
     "action": "Action", "objective": "Objective", "agency": "Agency"},
    {"action": {"multi_agency": "Multi-agency work", "contact": "Making and sustaining contact",
                "behaviour_change": "Behaviour-change session"},
     "agency": {"idva": "IDVA", "childrens_services": "Children's social services"},
     "objective": {"support_and_disrupt": "Support and disrupt"}},
    sheet="Actions", title="Drive case management: actions", not_applicable="N/A",
)  # fmt: skip
CMS_ENGAGEMENT = Layout(
    _CMS, "cms_engagement",
    {"site": "Site", "perpetrator_id": "SU ref", "engagement": "Engagement",
     "direct_contact": "Direct contact with case manager"},
    sheet="Engagement", title="Drive case management: engagement",
)  # fmt: skip

LAYOUTS = (
    ALLOCATION_LIST, MEETING_CAPACITY, POLICE_REQUEST, *MARAC.values(), *POLICE.values(),
    INSIGHTS_INTAKE, INSIGHTS_EXIT, CMS_SERVICE_USER, CMS_NEED, CMS_BEHAVIOUR, CMS_RISK_ITEM,
    CMS_ACTION, CMS_ENGAGEMENT,
)  # fmt: skip
