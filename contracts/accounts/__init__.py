"""What accounts owns: who exists and in what state, users and their passwords, in life order."""

# ruff: noqa: F403 - the package is all that its modules publish; a list of names would say it twice
from contracts.accounts.accounts import *
from contracts.accounts.billing_details import *
from contracts.accounts.changes import *
from contracts.accounts.imports import *
from contracts.accounts.platform import *
from contracts.accounts.trunks import *
from contracts.accounts.users import *
