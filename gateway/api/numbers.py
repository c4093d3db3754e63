"""A reseller's stock of numbers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from contracts.numbers import ListNumbers, NumberHold, NumberState, StockPage
from contracts.values import Country
from gateway.actions import numbers
from gateway.api.accounts import KEY_PROBLEMS
from gateway.api.requests import Cursor, Limit, RequiredKey, Search, may
from gateway.bodies import HoldBody
from gateway.caller import Caller
from gateway.problems import refusals

router = APIRouter(prefix="/v1/numbers", tags=["numbers"])


@router.get("", responses=refusals("invalid-cursor"))
async def list_numbers(
    *,
    caller: Annotated[Caller, Depends(may(numbers.list_numbers))],
    state: NumberState | None = None,
    q: Search = "",
    country: Country | None = None,
    hold_id: Annotated[
        str | None,
        Query(max_length=64, description="Numbers of this hold of yours count as available."),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> StockPage:
    """List your numbers; `q` is digits of the number, a place or a country's name."""
    query = ListNumbers(
        state=state, search=q, country=country, hold_id=hold_id, limit=limit, cursor=cursor
    )
    return await numbers.list_numbers(caller, query)


@router.post(
    "/holds",
    status_code=201,
    responses=refusals(
        "number-taken", "hold-expired", "not-found", "account-disabled", *KEY_PROBLEMS, body=True
    ),
)
async def hold_numbers(
    caller: Annotated[Caller, Depends(may(numbers.hold_numbers))],
    body: HoldBody,
    key: RequiredKey,
) -> NumberHold:
    """Keep spare numbers for 15 minutes while an order is filled in: all of them or none."""
    return await numbers.hold_numbers(caller, body, key)
