"""What the sample's company wants of its customers' journeys: the rules.toml that is written beside its exports."""

from __future__ import annotations

RULES_TOML = """\
# What the sample company measures, and whom it means. docs/rules.md explains every key.

[currency]
reporting = "EUR"
rates = { GBP = 1.17, PLN = 0.23, SEK = 0.088, USD = 0.92 }

[value]
margin = 0.35

[calendar]
reporting_timezone = "Europe/Berlin"

[onboarding]
starts = ["order.placed", "subscription.started"]
milestones = ["order.placed", "subscription.renewed"]
within_days = 90

[[touchpoint]]
name = "help is asked for"
kinds = ["ticket.created"]

[[touchpoint]]
name = "the ticket is solved"
kinds = ["ticket.solved"]
moment_of_truth = true

[[segment]]
name = "in_need_of_help"
title = "In need of help"
description = "They opened two tickets or more within half a year."
all = [{ kinds = ["ticket.created"], at_least = 2, within_days = 180 }]
kpi = "csat_binary"
target = 85.0

[[segment]]
name = "quiet_buyers"
title = "Quiet buyers"
description = "They bought, and have not been heard of for a quarter."
all = [{ field = "lifecycle_stage", values = ["customer", "advocate"] }]
none = [{ metric = "activities", at_least = 1, within_days = 90 }]
kpi = "nps_relationship"
target = 40.0

[[segment]]
name = "best_customers"
title = "Best customers"
description = "The tenth of all who have bought that has spent most."
all = [{ metric = "revenue", top_share = 0.1 }]

[[persona]]
name = "greta"
title = "Greta, who runs the office"
segment = "in_need_of_help"
demographics = "Runs the office of a small company, 40 to 60."
motivations = ["no surprises", "one person who knows her"]
channel_preferences = ["phone", "email"]
usage = "Orders twice a year, mostly the same."
support_needs = ["an answer within the day", "to say everything once"]
hoped_words = ["quick", "friendly", "helpful"]
hoped_emotions = ["relieved"]

[[journey_map]]
name = "greta_needs_help"
title = "Greta needs help"
persona = "greta"

[[journey_map.steps]]
name = "asks"
kinds = ["ticket.created"]
function = "service"
inputs = ["order_number"]
outcome = "An answer comes within the day."
outcome_kinds = ["ticket.replied"]
within_days = 1
target = 90.0

[[journey_map.steps]]
name = "is helped"
kinds = ["ticket.solved"]
function = "service"
moment_of_truth = true
emotion = "relieved"
emotion_metric = "csat"
emotion_at_least = 1.0
target = 85.0

[[promise]]
name = "helped_at_once"
statement = "Whoever asks us is helped the first time."
kpi = "first_contact_resolution"
threshold = 75.0
owner = "Nadia Brenner"

[[initiative]]
name = "one_form"
title = "The helpdesk knows the order number"
function = "service"
owner = "Nadia Brenner"
start = 2026-04-01
hypothesis = "Who need not look up a number is more content."
kpi = "csat_binary"
segment = "in_need_of_help"

[[alert]]
name = "A detractor"
when = "detractor"
due_hours = 24
or_owner = "Ines Marl"

[[alert]]
name = "The same topic again"
when = "repeat_contact"
or_owner = "Nadia Brenner"

[[kpi]]
key = "nps_relationship"
owner = "Ines Marl"
target = 40.0
source = ["surveys"]
cadence = "quarterly"

[[kpi]]
key = "csat_binary"
owner = "Nadia Brenner"
target = 85.0
source = ["helpdesk"]

[[kpi]]
key = "first_contact_resolution"
owner = "Nadia Brenner"
target = 75.0
source = ["helpdesk"]

[[kpi]]
key = "churn"
owner = "Ines Marl"
target = 3.0
source = ["shop"]
cadence = "monthly"

[[kpi]]
key = "response_rate"
owner = "Edda Klein"
target = 30.0
source = ["surveys"]
cadence = "monthly"

[[report]]
title = "How our customers fare"
owner = "Ines Marl"
kpis = ["nps_relationship", "csat_binary", "first_contact_resolution", "churn"]
cadence = "monthly"
to = ["ines.marl@nordlicht.example"]
"""
"""The same for every size and seed."""
