"""A reseller's stock of numbers: looked at, priced, removed, held for an order."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from contracts.base import Done
from contracts.numbers import (
    ListNumbers,
    NumberState,
    Reservation,
    StockNumber,
    StockPage,
    StockReport,
)
from contracts.values import Country, PhoneNumber
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.schemas import NumberPatch, ReservationBody
from gateway.files.tables import TableOptions, table_options
from gateway.files.uploads import TABLES, documented_table
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import (
    JSON,
    KEY_PROBLEMS,
    MERGE_PATCH,
    Cursor,
    Limit,
    OptionalKey,
    RequiredKey,
    Search,
    may,
)
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1/numbers", tags=["numbers"], route_class=WholeBodyRoute)


@router.get("", responses=refusals("invalid-cursor"))
async def list_numbers(
    *,
    caller: Annotated[Caller, Depends(may(numbers.list_numbers))],
    state: NumberState | None = None,
    q: Search = "",
    country: Country | None = None,
    reservation_id: Annotated[
        str | None,
        Query(max_length=64, description="Numbers of this hold of yours count as available."),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> StockPage:
    """List your numbers; `q` is digits of the number, a place or a country's name."""
    query = ListNumbers(
        state=state,
        search=q,
        country=country,
        reservation_id=reservation_id,
        limit=limit,
        cursor=cursor,
    )
    return await numbers.list_numbers(caller, query)


@router.post(
    "/reservations",
    status_code=201,
    responses=refusals(
        "number-taken",
        "reservation-expired",
        "not-found",
        "account-disabled",
        *KEY_PROBLEMS,
        body=True,
    ),
)
async def reserve_numbers(
    caller: Annotated[Caller, Depends(may(numbers.reserve_numbers))],
    body: ReservationBody,
    key: RequiredKey,
) -> Reservation:
    """Keep spare numbers for 15 minutes while an order is filled in: all of them or none."""
    return await numbers.reserve_numbers(caller, body, key)


@router.post(
    "/imports",
    responses=refusals("mapping-needed", "account-disabled", *KEY_PROBLEMS, body=True),
    openapi_extra=documented_table("number,monthly_fee\n+14155550142,2.50\n"),
)
async def change_numbers(
    *,
    caller: Annotated[Caller, Depends(may(numbers.change_own_numbers, takes=TABLES))],
    request: Request,
    options: Annotated[TableOptions, Depends(table_options)],
    key: RequiredKey,
    mode: Annotated[
        Literal["reprice", "remove"],
        Query(description="`remove` takes the numbers of the file out of your stock."),
    ] = "reprice",
    dry_run: Annotated[bool, Query(description="Say what would be done without doing it.")] = False,
) -> StockReport:
    """Change the fees of your spare numbers by a file, or remove these numbers.

    A fee that the file has no column for stays as it is. Numbers that are held, assigned or in
    quarantine are refused row by row, unless the file has the fees that they have already. With
    `dry_run` the report says what would change, before and after.
    """
    order = numbers.StockChange(mode, dry_run)
    content = await request.body()
    return (await numbers.change_own_numbers(caller, content, options, key, order)).report


@router.patch(
    "/{e164}",
    responses=refusals(
        "not-found", "number-not-spare", "account-disabled", "idempotency-key-reused", body=True
    ),
)
async def reprice_number(
    caller: Annotated[Caller, Depends(may(numbers.reprice_number, takes=(JSON, MERGE_PATCH)))],
    e164: PhoneNumber,
    body: NumberPatch,
    key: OptionalKey,
) -> StockNumber:
    """Change the fees of a spare number; what you leave out stays as it is."""
    return await numbers.reprice_number(caller, e164, body, key)


@router.delete(
    "/{e164}",
    responses=refusals("not-found", "number-not-spare", "account-disabled", *KEY_PROBLEMS),
)
async def remove_spare_number(
    caller: Annotated[Caller, Depends(may(numbers.remove_number))],
    e164: PhoneNumber,
    key: RequiredKey,
) -> Done:
    """Take a spare number out of your stock and out of the system."""
    return await numbers.remove_number(caller, e164, key)
