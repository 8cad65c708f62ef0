"""How the files of Restart look (mappings: configs/sources/restart)."""

from __future__ import annotations

from typing import Final

from datrial.simulate.layouts import Layout

_CLIENTS: Final = "restart_clients.xlsx"
_SEVERITY: Final = {
    "physical": "Physical abuse", "sexual": "Sexual abuse",
    "harassment_stalking": "Harassment / stalking",
    "jealous_controlling": "Jealous & controlling behaviour",
}  # fmt: skip
_PROTECTION: Final = {
    "child_protection_plan": "CP plan", "child_in_care": "Looked after child",
    "neither": "No plan",
}  # fmt: skip
ETHNICITIES: Final = {
    "white_british": "White: British", "white_other": "White: Other",
    "black_caribbean": "Black British - Caribbean",
    "asian_bangladeshi": "Asian British - Bangladeshi", "asian_other": "Asian British - Other",
    "white_irish": "White: Irish", "asian_indian": "Asian British - Indian",
    "asian_pakistani": "Asian British - Pakistani", "black_african": "Black British - African",
    "black_other": "Black British - Other", "mixed": "Mixed / multiple",
    "other": "Other ethnic group",
}  # fmt: skip

REFERRALS: Final = Layout(
    _CLIENTS, "referral",
    {"site": "Borough", "client_id": "SU ref", "withheld_name": "Service user",
     "date_of_birth": "D.O.B.", "referred_on": "Date of referral", "referred_by": "Referring team",
     "suitable": "Accepted at panel", "accepted_on": "Date accepted",
     "assessed_on": "Initial needs assessment", "started_on": "First session",
     "closed_on": "Date closed", "not_taken_on_reason": "Why not accepted",
     "closure_reason": "Reason for closure", "engaged": "Engaged",
     "completed": "Intervention completed", "onward_referral": "Referred on to",
     "accommodation_need": "Accommodation need",
     "accommodation_referral": "Accommodation pathway", "accommodation": "Move",
     "age": "Age at opening", "sex": "Gender", "ethnicity": "Ethnicity",
     "children_count": "No. of children", "child_protection": "CP plan / LAC",
     "withheld_notes": "Case notes"},
    {"referred_by": {"childrens_social_care": "CSC social work team",
                     "front_door": "MASH", "early_help": "Early Help"},
     "not_taken_on_reason": {"high_risk": "Too high risk (to MARAC)",
                             "declined": "SU declined", "not_eligible": "Criteria not met"},
     "closure_reason": {"completed": "Completed", "stopped_engaging": "SU stopped engaging",
                        "not_taken_on": "Not accepted"},
     "onward_referral": {"group_programme": "DVPP (group)",
                         "one_to_one": "12 week 1:1 (internal)", "none": "No programme"},
     "accommodation": {"private_rented": "PRS tenancy", "temporary": "Temporary accommodation"},
     "sex": {"male": "M", "female": "F"}, "ethnicity": ETHNICITIES,
     "child_protection": _PROTECTION},
    sheet="Referrals", title="Restart: service users (all boroughs)", yes_no=("Y", "N"),
)  # fmt: skip
GRIDS: Final = Layout(
    _CLIENTS, "severity_reading",
    {"site": "Borough", "client_id": "SU ref", "told_by": "SOAG with", "read_on": "SOAG date",
     **_SEVERITY},
    {"told_by": {"victim_survivor": "VS (PSW)", "service_user": "SU (CM)"}},
    sheet="SOAG", title="Severity of Abuse Grid, at intake",
)  # fmt: skip

SPECIALIST: Final = Layout(
    _CLIENTS, "service_activity",
    {"activity_id": "No.", "site": "Borough", "client_id": "SU ref", "held_on": "Referred",
     "activity": "Kind"},
    {"activity": {"specialist_referral": "Specialist service"}},
    sheet="Specialist referrals", title="Onward referrals to specialist services",
)  # fmt: skip

_NEEDS: Final = ("Children, family or parenting", "Mental health & psychological wellbeing",
                 "Housing", "Work, training or education", "Substance misuse",
                 "Finance and debts", "Social and community support",
                 "Physical health")  # fmt: skip
_CHILDHOOD: Final = ("Parental separation", "Direct physical abuse", "Domestic abuse at home",
                     "Verbal abuse", "Mental illness in the family", "Alcohol abuse in the family",
                     "Drug abuse in the family", "Neglect", "Sexual abuse",
                     "Family member in prison")  # fmt: skip


def _items(labels: tuple[str, ...]) -> dict[str, str]:
    return {f"item_{number}": label for number, label in enumerate(labels, 1)}


NEEDS: Final = Layout(
    "restart_initial_needs.csv", "checklist",
    {"client_id": "SU ref", "site": "Borough", "assessed_on": "Assessment date", **_items(_NEEDS)},
    yes_no=("Y", "N"),
)  # fmt: skip
CHILDHOOD: Final = Layout(
    "restart_ace_questionnaires.csv", "checklist",
    {"client_id": "Client", "withheld_name": "Client name", "site": "LA",
     "assessed_on": "Completed", **_items(_CHILDHOOD)},
    delimiter=";", yes_no=("1", "0"), encoding="cp1252",
)  # fmt: skip

_CHANGE: Final = {
    f"item_{number}": {
        "significant_improvement": "Significant improvement",
        "slight_improvement": "Slight improvement", "no_change": "No change",
        "slight_deterioration": "Slight deterioration",
        "significant_deterioration": "Significant deterioration",
    }
    for number in range(1, 9)
}  # fmt: skip
VICTIM_OUTCOMES: Final = Layout(
    "restart_psw_outcomes.csv", "outcome_rating",
    {"client_id": "SU ref (partner)", "site": "Borough", "rated_on": "Form completed",
     **_items(("VS feels safe at home", "Risk to VS", "VS knows where to get help",
               "Emotional health", "Confidence and coping", "Family life"))},
    _CHANGE,
)  # fmt: skip
USER_OUTCOMES: Final = Layout(
    "restart_vpp_outcomes.xlsx", "outcome_rating",
    {"site": "Borough", "client_id": "SU ref", "withheld_name": "Service user",
     "rated_on": "Date",
     **_items(("Abusive behaviour", "Risk to partner / children", "Mental wellbeing",
               "Stability", "Attendance", "Participation", "Takes responsibility",
               "Wants to change"))},
    _CHANGE, sheet="Outcomes at closure",
)  # fmt: skip

TRAINING_CORE: Final = Layout(
    "safe_and_together_core_register.csv", "training",
    {"site": "Local authority", "practitioner_id": "Learner ID", "withheld_name": "Learner",
     "round": "Round", "training_date": "Start date", "attended": "Attended?",
     "passed": "Passed?", "score_before": "Pre-test %", "score_after": "Post-test %"},
    yes_no=("Y", "N"),
)  # fmt: skip
TRAINING_OVERVIEW: Final = Layout(
    "safe_and_together_overview_register.csv", "training",
    {"practitioner_id": "Delegate no.", "site": "Borough", "round": "Run",
     "training_date": "Date of course", "attended": "Came"},
    delimiter="\t", date_format="%d.%m.%Y", yes_no=("TRUE", "FALSE"),
)  # fmt: skip
CONSULTATIONS: Final = Layout(
    "safe_and_together_consultations.csv", "service_activity",
    {"activity_id": "Log no.", "site": "Borough", "held_on": "Date held",
     "activity": "Type"},
    {"activity": {"consultation": "CSC case consultation"}}, date_format="%Y-%m-%d",
)  # fmt: skip

#: The authority without Restart writes in its own words.
OTHER_CASES: Final = Layout(
    "childrens_services_da_cases.csv", "referral",
    {"client_id": "LCS person ID", "withheld_name": "Father / partner", "referred_on": "Contact",
     "referred_by": "Source team", "accepted_on": "Allocated", "closed_on": "Closed",
     "closure_reason": "Outcome", "engaged": "Worked with", "completed": "Plan completed",
     "onward_referral": "Programme", "age": "Age", "sex": "Sex", "ethnicity": "Ethnic origin",
     "children_count": "Children", "child_protection": "Status of children"},
    {"referred_by": {"childrens_social_care": "Long-term team", "front_door": "Front door",
                     "early_help": "Targeted early help"},
     "closure_reason": {"completed": "Work finished", "stopped_engaging": "Non-engagement",
                        "not_taken_on": "NFA"},
     "onward_referral": {"group_programme": "DAPP", "none": "none"},
     "sex": {"male": "Male", "female": "Female"}, "ethnicity": ETHNICITIES,
     "child_protection": {"child_protection_plan": "Section 47 plan", "child_in_care": "CLA",
                          "neither": "CIN or none"}},
    delimiter=";", date_format="%d-%m-%Y", yes_no=("yes", "no"),
)  # fmt: skip
_OTHER_FORMS: Final = "childrens_services_da_forms.xlsx"
OTHER_GRIDS: Final = Layout(
    _OTHER_FORMS, "severity_reading",
    {"client_id": "LCS person ID", "read_on": "Grid date", "told_by": "Informant",
     "physical": "Physical", "sexual": "Sexual", "harassment_stalking": "Stalking",
     "jealous_controlling": "Controlling"},
    {"told_by": {"victim_survivor": "Mother / partner"}}, sheet="Grid",
)  # fmt: skip
OTHER_OUTCOMES: Final = Layout(
    _OTHER_FORMS, "outcome_rating",
    {"client_id": "LCS person ID", "rated_on": "Review date",
     **_items(("Abuse", "Risk", "Wellbeing", "Stability", "Attends", "Takes part", "Owns it",
               "Motivated"))},
    {name: {"significant_improvement": "++", "slight_improvement": "+", "no_change": "=",
            "slight_deterioration": "worse", "significant_deterioration": "much worse"}
     for name in _CHANGE},
    sheet="Closing review", title="Closing review",
)  # fmt: skip
