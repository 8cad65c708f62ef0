"""Family Solutions Plus: how its five files look (mappings: configs/sources of the study)."""

from __future__ import annotations

from datrial.simulate.layouts import Layout

_AREAS_OF_CHANGE = ("Taking responsibility", "Thinking and attitudes", "Safe actions and reactions",
                    "Communication", "Being a good father", "Wellbeing")  # fmt: skip
_AREAS_OF_EMPOWERMENT = ("Safety", "Accommodation", "SupportNetworks", "LegalIssues",
                         "HealthWellbeing", "Money", "Children", "WorkLearning",
                         "EmpowermentSelfEsteem")  # fmt: skip


def _items(names: tuple[str, ...]) -> dict[str, str]:
    return {f"item_{number}": name for number, name in enumerate(names, start=1)}


VICTIMS_CASELOAD = Layout(
    "fsp_victims_caseload.xlsx", "referral",
    {"client_id": "Client ref", "withheld_name": "Client", "date_of_birth": "DOB",
     "age": "Age at request", "sex": "Gender", "ethnicity": "Ethnic origin", "area": "Town",
     "referred_on": "Request received", "assessed_on": "Assessment completed",
     "not_taken_on_reason": "If assessed and not taken on: why", "accepted_on": "Taken on",
     "started_on": "Intervention started", "closed_on": "Closed",
     "closure_reason": "Reason for closing", "withheld_notes": "Comments"},
    {"not_taken_on_reason": {"refused": "Client refused",
                             "unsuitable": "Not suitable for the service"},
     "closure_reason": {"completed": "Programme completed", "disengaged": "Client disengaged",
                        "removed": "Removed from service", "moved_away": "Moved out of county",
                        "closed_by_social_care": "CSC closed the case"},
     "sex": {"female": "Woman", "male": "Man"},
     "ethnicity": {"white_british": "White British", "white_other": "White Other",
                   "asian": "Asian/Asian British", "black": "Black/Black British"},
     "area": {"other_town": "Elsewhere"}},
    sheet="VS caseload", title="FSP domestic abuse service: victims/survivors",
)  # fmt: skip
PERPETRATORS_CASELOAD = Layout(
    "fsp_perpetrator_caseload.csv", "referral",
    {"client_id": "URN", "withheld_name": "Surname and forename", "date_of_birth": "D.O.B.",
     "age": "Age", "sex": "Sex", "ethnicity": "Ethnicity", "area": "Locality",
     "referred_on": "RFI date", "assessed_on": "Assessed", "accepted_on": "Accepted",
     "not_taken_on_reason": "Outcome if not accepted", "started_on": "First session",
     "closed_on": "Closure date", "closure_reason": "Closure code",
     "withheld_notes": "Case note"},
    {"not_taken_on_reason": {"refused": "Refused to engage"},
     "closure_reason": {"completed": "PCC completed", "disengaged": "DNA / disengaged",
                        "removed": "Removed – breach of contract", "moved_away": "Moved LA",
                        "closed_by_social_care": "Closed to CSC"},
     "sex": {"female": "F", "male": "M"},
     "ethnicity": {"white_british": "WBRI", "white_other": "WOTH"},
     "area": {"other_town": "Other"}},
    encoding="cp1252", delimiter=";",
)  # fmt: skip
CHANGE_STAR = Layout(
    "fsp_change_star_export.csv", "star_reading",
    {"client_id": "Client ID", "withheld_name": "Client name", "read_on": "Star date",
     "rater": "Scored by", **_items(_AREAS_OF_CHANGE)},
    {"rater": {"practitioner": "Worker", "client": "Service user"}},
)  # fmt: skip
EMPOWERMENT_STAR = Layout(
    "fsp_empowerment_star_export.csv", "star_reading",
    {"client_id": "ServiceUserRef", "withheld_name": "ServiceUserName",
     "read_on": "CompletedOn", "rater": "CompletedBy", **_items(_AREAS_OF_EMPOWERMENT),
     "withheld_notes": "Notes"},
    {"rater": {"collaborative": "Together"}},
    encoding="utf-8-sig", date_format="%Y-%m-%d",
)  # fmt: skip
MEETINGS_LOG = Layout(
    "fsp_meetings_log.xlsx", "service_activity",
    {"activity_id": "Entry", "held_on": "Date", "withheld_name": "Worker", "strand": "Team",
     "activity": "What", "client_id": "Client ref", "withheld_notes": "Notes"},
    {"strand": {"victim_survivor": "Victims", "perpetrator": "Perpetrators"},
     "activity": {"family_meeting": "Family meeting (face to face or virtual)",
                  "social_worker_meeting": "Meeting with social worker",
                  "signposting": "Signposted"}},
    sheet="Log", title="FSP domestic abuse service: meetings and signposting",
)  # fmt: skip
