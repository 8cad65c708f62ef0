"""How the early intervention trial's files look (mappings: configs/sources/early_intervention)."""

from __future__ import annotations

from typing import Final

from datrial.simulate.layouts import Layout

_WORKBOOK: Final = "eiat_case_management.xlsx"
_SEVERITY: Final = {"none": "Nil", "standard": "Std", "moderate": "Mod", "high": "High"}
_STAGE: Final = {"intake": "Entry", "midway": "4 week review", "exit": "Exit"}

LOG: Final = Layout(
    "eiat_referral_log_2022-06.csv", "referral",
    {"client_id": "Client ref", "withheld_name": "Client name", "date_of_birth": "DOB",
     "age": "Age", "age_months": "Age in months", "sex": "Gender", "ethnicity": "Ethnicity",
     "area": "Borough", "children_count": "Children",
     "child_protection": "Status with children's services", "referred_on": "Date of referral",
     "referred_by": "Referred by", "suitable": "Suitable for consultation?",
     "consulted_on": "Consultation held on", "not_taken_on_reason": "Why not taken on",
     "assessed_on": "Assessed on", "started_on": "Started one-to-one work",
     "engaged": "Engaged?", "accommodation_need": "Needs accommodation?",
     "accommodation": "Accommodation found", "closed_on": "Case closed",
     "closure_reason": "Outcome at closure", "completed": "Completed?",
     "onward_referral": "Referred on to", "withheld_notes": "Notes"},
    {"area": {"barking_and_dagenham": "LB Barking & Dagenham", "camden": "LB Camden",
              "sutton": "LB Sutton", "waltham_forest": "LB Waltham Forest",
              "westminster": "City of Westminster", "other_borough": "Other LB"},
     "referred_by": {"childrens_social_care": "CSC", "early_help": "Early Help",
                     "child_in_need": "CiN team", "marac": "MARAC"},
     "not_taken_on_reason": {"not_known_to_childrens_services": "Not known to CSC",
                             "no_contact": "Unable to contact", "refused": "Declined"},
     "closure_reason": {"completed": "Completed", "dropped_out": "Disengaged"},
     "onward_referral": {"perpetrator_programme": "DVPP",
                         "housing_finance": "Housing / debt advice",
                         "mental_health": "MH service"},
     "accommodation": {"through_intervention": "EIAT placement",
                       "private": "Private let (supported)", "being_placed": "In progress"},
     "sex": {"male": "M", "female": "F"},
     "ethnicity": {"white_british": "White British", "white_other": "White - any other",
                   "asian": "Asian/Asian British", "mixed": "Mixed/Multiple",
                   "black": "Black/Black British", "other": "Other ethnic group"},
     "child_protection": {"child_protection_plan": "CP plan", "child_in_need_plan": "CiN plan",
                          "early_help": "Early Help plan"}},
    yes_no=("Y", "N"), dont_know="Not known",
)  # fmt: skip

GRIDS: Final = Layout(
    _WORKBOOK, "severity_reading",
    {"client_id": "Client ref", "withheld_name": "Client name", "time_point": "Stage",
     "read_on": "Date of grid", "physical": "Physical", "sexual": "Sexual",
     "harassment_stalking": "Harassment & stalking",
     "jealous_controlling": "JCC / emotional / coercive"},
    {"time_point": _STAGE,
     **dict.fromkeys(("physical", "sexual", "harassment_stalking", "jealous_controlling"),
                     _SEVERITY)},
    sheet="SOAG", title="EIAT case management: Severity of Abuse Grids", dont_know="DK",
)  # fmt: skip

MATRICES: Final = Layout(
    _WORKBOOK, "need_score",
    {"client_id": "Client ref", "withheld_name": "Client name", "time_point": "Stage",
     "read_on": "Date completed", "rater": "Scored by", "item_1": "Housing",
     "item_2": "Physical health", "item_3": "Education, training, employment",
     "item_4": "Substance misuse", "item_5": "Finance, benefits, debts",
     "item_6": "Children and parenting", "item_7": "Social / family / community",
     "item_8": "Fulfilling activity", "item_9": "Mental health & wellbeing",
     "item_10": "Identity", "withheld_notes": "Practitioner notes"},
    {"time_point": _STAGE, "rater": {"practitioner": "DA practitioner", "service_user": "SU"}},
    sheet="Needs matrix", title="EIAT case management: needs analyses matrices",
)  # fmt: skip

SERVICES: Final = Layout(
    _WORKBOOK, "service_activity",
    {"activity_id": "No.", "held_on": "Date", "client_id": "Client ref",
     "withheld_name": "Client name", "withheld_notes": "Service and reason"},
    sheet="Referrals out", title="EIAT case management: referrals to other services",
)  # fmt: skip
