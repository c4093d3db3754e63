"""The accounts service and what it sends."""

from contracts.accounts import (
    AccountActivated,
    AccountChanged,
    AccountClosed,
    AccountDisabled,
    AccountEnabled,
    AccountFailed,
    AccountOpening,
    PasswordChanged,
)
from contracts.billing import OpenWallet
from contracts.notifications import SendLinkLetter
from contracts.numbers import AssignNumbers, HoldNumbers, ReleaseNumbers
from services.accounts import store
from services.chassis.service import Service

accounts = Service(
    "accounts",
    sends=(
        AccountOpening,
        AccountActivated,
        AccountFailed,
        AccountChanged,
        AccountDisabled,
        AccountEnabled,
        AccountClosed,
        PasswordChanged,
        HoldNumbers,
        OpenWallet,
        AssignNumbers,
        ReleaseNumbers,
        SendLinkLetter,
    ),
)
accounts.prepare(store.prepare)
