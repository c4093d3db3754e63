"""What billing owns: plans, rate sheets, quotes, billing accounts and the ledger, in life order."""

# ruff: noqa: F403 - the package is all that its modules publish; a list of names would say it twice
from contracts.billing.authorizing import *
from contracts.billing.call_previews import *
from contracts.billing.calls import *
from contracts.billing.changes import *
from contracts.billing.invoices import *
from contracts.billing.money import *
from contracts.billing.opening import *
from contracts.billing.plan_changes import *
from contracts.billing.plans import *
from contracts.billing.rate_imports import *
from contracts.billing.rates import *
from contracts.billing.rejected_calls import *
from contracts.billing.running_calls import *
