"""One search over everything: accounts and people, numbers, invoices, calls; within the tenant."""

import asyncio
import re
from typing import Final

from contracts.accounts import Account, FindAccount, ListAccounts
from contracts.base import Answer, Value
from contracts.billing import (
    FindCalls,
    FoundCall,
    FoundCalls,
    InvoicePage,
    InvoiceSummary,
    ListInvoices,
    ListRejectedCalls,
    RejectedCall,
    RejectedCallPage,
)
from contracts.calls import CALL_ID_CHARACTERS_MAX
from contracts.numbers import ListNumbers, StockNumber, StockPage
from gateway.identity.caller import Caller, action

SHOWN_MAX: Final = 5
"""Of each kind; the lists have the others."""

NUMBER_CHARACTERS_MAX: Final = 64
_DIGITS: Final = re.compile(r"[\d\s()./+-]*\d[\d\s()./+-]*", re.ASCII)


class NamedCall(Value):
    """A call, and the name of the account that it was charged to."""

    call: FoundCall
    account_name: str


class SearchResults(Answer):
    """What was found, at most five of each kind; a kind that has more says so."""

    accounts: tuple[Account, ...] = ()
    more_accounts: bool = False
    numbers: tuple[StockNumber, ...] = ()
    more_numbers: bool = False
    invoices: tuple[InvoiceSummary, ...] = ()
    more_invoices: bool = False
    calls: tuple[NamedCall, ...] = ()
    rejected_calls: tuple[RejectedCall, ...] = ()


@action("operator", "reseller")
async def search_everything(caller: Caller, text: str) -> SearchResults:
    """Find accounts by name, realm, person, e-mail address or number; numbers; invoices; calls.

    An account is found by beginnings of words, an invoice by the beginning of its number, a call by
    its whole id.
    """
    text = text.strip()
    if not text:
        return SearchResults()
    found, stock, invoices, calls, rejected = await asyncio.gather(
        caller.ask(ListAccounts(search=text, limit=SHOWN_MAX)),
        _numbers(caller, text),
        _invoices(caller, text),
        _calls(caller, text),
        _rejected_calls(caller, text),
    )
    return SearchResults(
        accounts=found.data,
        more_accounts=found.next is not None,
        numbers=stock.data,
        more_numbers=stock.next is not None,
        invoices=invoices.data if invoices else (),
        more_invoices=invoices is not None and invoices.next is not None,
        calls=await _named(caller, calls),
        rejected_calls=rejected.data,
    )


async def _numbers(caller: Caller, text: str) -> StockPage:
    if (
        caller.role != "reseller"
        or not _DIGITS.fullmatch(text)
        or len(text) > NUMBER_CHARACTERS_MAX
    ):
        return StockPage(data=())
    digits = "".join(filter(str.isdigit, text))
    return await caller.ask(ListNumbers(search=digits, limit=SHOWN_MAX))


async def _invoices(caller: Caller, text: str) -> InvoicePage | None:
    if " " in text or len(text) > NUMBER_CHARACTERS_MAX:
        return None
    return await caller.ask(ListInvoices(search=text, limit=SHOWN_MAX))


async def _calls(caller: Caller, text: str) -> FoundCalls:
    if len(text) > CALL_ID_CHARACTERS_MAX:
        return FoundCalls(data=())
    return await caller.ask(FindCalls(call_id=text))


async def _rejected_calls(caller: Caller, text: str) -> RejectedCallPage:
    if len(text) > CALL_ID_CHARACTERS_MAX:
        return RejectedCallPage(data=())
    return await caller.ask(ListRejectedCalls(call_id=text, limit=SHOWN_MAX))


async def _named(caller: Caller, calls: FoundCalls) -> tuple[NamedCall, ...]:
    """Return calls with the names of their accounts, at most as many as are shown."""
    shown = calls.data[:SHOWN_MAX]
    if not shown:
        return ()
    owners = await asyncio.gather(
        *(caller.ask(FindAccount(account_id=call.account_id)) for call in shown)
    )
    return tuple(
        NamedCall(call=call, account_name=owner.name)
        for call, owner in zip(shown, owners, strict=True)
    )
