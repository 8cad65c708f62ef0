"""What a person who opens the truth folder is told first."""

from __future__ import annotations

README = """\
# The truth behind these simulated extracts

Nobody in these files exists. The world was made in the order of life: perpetrators
are heard at MARACs, some are allocated by the project's own lottery, behaviour
follows from the arm, and each agency writes down its part of it. `parameters.yaml`
holds every true parameter, `people.csv` everyone ever heard, `latent_classes.csv` the
true needs class of each service user, `police_requested.csv` whom the police were
asked about, and `mess.csv` how many rows of each file were made messy, and how.

Counts in `mess.csv` are rows before duplicates were added, and a duplicate or a
spoilt copy (`exact_duplicate`, `impossible_required_date`, `unknown_required_code`,
`missing_reference`) is a row more than the agency meant. The other kinds change how
a row is written. `unknown_code` and `impossible_date` empty a cell and keep the row.

The lottery draws pseudonyms made with the public demonstration key and uses the
study's own seed: `datrial allocate` with both gives these arms again.

## Exact at every seed
Allocated by site and arm; completed; people with a police record, incidents in and
outside the evaluation period, domestic abuse and crimed shares; Insights intake and
exit forms; Tables 3 and 4; CYPS and CCJ answers; Table A2.1's forms, answered and
yes, need by need; Table A7.1's levels at midpoint; service users with a usable
Drive-DASH form; engagement; serial perpetrators and people heard again at MARAC, by
period; hearings per perpetrator; mean duration of the intervention, cases closed in the
first two years; direct actions per service user, and how many had behaviour-change
sessions. At larger scales few can have started early enough for the longest cases: there
the cases closed in the first two years are as many, but not all as long as printed. From
scale 4 on everybody has fewer actions, so that a worksheet holds them.

## Case managers and IDVAs on the same perpetrator
Both report what he did, and not quite alike: they share his `severity` (`people.csv`), and
on each occasion what happened, by a correlation. Each report by itself has its own margins
and odds ratios, those printed. Nothing is printed of their agreement; here it is moderate.

## Near, with chance
Behaviours by time point (balanced draws: less chance than independent ones); Drive-DASH
rate ratios; the share without any need at midpoint (36 to 38% against 37% printed);
police incidents by period; needs by engagement (Tables 5 and 6 in direction and rough size).

## What the published figures cannot all be true of
- 2.7 and 3.3 hearings per perpetrator (counted from February 2016) go with the small
  shares heard again only if those who are heard again are heard often. Here about 0.4
  hearings each lie before the index meeting (at meetings without places), some
  perpetrators are heard with two victims on one day, and those heard again are heard
  two to three times in a period.
- 34 intake forms without an answer leave 467 of 501, not the 468 printed: here 33 and 468.
- Police records differ between the arms already six months before allocation, which a
  lottery cannot do. Here both arms have the same rates until the index day, and the
  published totals then imply a rate ratio after it (site 2: 0.36).
- Police means per person are in truth means over incidents (mean times people exceeds
  the total); the totals and the people with a record are met, so means per person are
  about 14 and 25 at site 2, 7.2 and 8.5 at site 1. Crimed shares of domestic abuse are
  printed as 46% (site 2) and 54% (site 1) beside counts that make 53% and 64%: about 50%
  and 64% here. Incidents outside the evaluation period are known for site 1 only (545).
- Table 4's counts add up to 197 and 609 in several rows: one person was moved.
- 65% of service users had direct contact, and "no contact made" is 53%: both are met,
  so some people with direct contact count as no contact made.
- 49% of service users are said to have lost a Drive-DASH form, while 469 of 503 keep one
  and 23%, 14% and 12% of forms are lost: the last three are met.
- 137 direct contacts for each of 330 people, at 18% direct work, are some 500 actions a
  case: two on every working day. No total is printed, so it is met here. Direct work of
  18% and indirect work of 84% cannot both be: here 17% and 83%.
- Behaviour-change sessions as 11% of direct work with 36 service users are 138 each, more
  than most had contacts of any kind: here these 36 are among those with most direct work.
  11% may as well mean 36 of 330. How many had direct support is not printed: here 259.
- A mean of 10.5 months, with 212 cases closed in the first two years after mostly 11 months
  and more, means that the later ones lasted nine months and a half on average.
- Serial perpetrators "appeared 1.5 and 0.8 times" cannot hold with two victims at two
  hearings; not matched. Intermittent partners do not occur in Table 3, so not here either.
- Class sizes of Figure 4 add up to .99.
- Table A2.1's whole per cent and Table A7.1's counts are not the same people with a need
  (drugs misuse 79 and 81, mental health 108 and 107, alcohol misuse 131 and 129): both are
  met, so two noes have a low level, and two yeses one that nobody knows. The frequencies
  for mental health add up to 467, not to the 469 printed beside them.
"""
