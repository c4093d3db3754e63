"""Resellers: accounts of the platform, and the numbers that operators give them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field, TypeAdapter

from contracts.accounts import Account, AccountPage, AccountSort, AccountStatus, ListAccounts
from contracts.billing import Quote
from contracts.numbers import STOCK_ROWS_MAX, StockMode, StockReport
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.schemas import DisableBody
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.schemas import NewNumberBody
from gateway.features.opening import actions as opening
from gateway.features.opening.schemas import ResellerBody
from gateway.files.tables import TableOptions, table_options
from gateway.files.uploads import TABLES, documented_table, is_table, json_body
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import (
    JSON,
    KEY_PROBLEMS,
    OPENING_PROBLEMS,
    STATE_PROBLEMS,
    AccountSearch,
    Cursor,
    Limit,
    OptionalKey,
    RequiredKey,
    etag,
    may,
)
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1/resellers", tags=["resellers"], route_class=WholeBodyRoute)

_NEW_NUMBERS: Final = TypeAdapter(Annotated[list[NewNumberBody], Field(max_length=STOCK_ROWS_MAX)])
_NEW_NUMBERS_SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "maxItems": STOCK_ROWS_MAX,
    "items": {"$ref": "#/components/schemas/NewNumberBody"},
}


@router.post("/quote", responses=refusals(*OPENING_PROBLEMS, body=True))
async def quote_reseller(
    caller: Annotated[Caller, Depends(may(opening.quote_reseller))], body: ResellerBody
) -> Quote:
    """Tell every charge of opening a reseller; nothing is made."""
    return await opening.quote_reseller(caller, body)


@router.post(
    "",
    status_code=201,
    responses=refusals(*OPENING_PROBLEMS, "quote-changed", *KEY_PROBLEMS, body=True),
)
async def open_reseller(
    caller: Annotated[Caller, Depends(may(opening.open_reseller))],
    body: ResellerBody,
    key: RequiredKey,
    response: Response,
) -> Account:
    """Open a reseller: an account of the platform, opened as any other account is."""
    account = await opening.open_reseller(caller, body, key)
    response.headers["Location"] = f"/v1/resellers/{account.id}"
    response.headers["ETag"] = etag(account.version)
    return account


@router.get("", responses=refusals("invalid-cursor"))
async def list_resellers(
    *,
    caller: Annotated[Caller, Depends(may(accounts.list_resellers))],
    q: AccountSearch = "",
    status: Annotated[
        AccountStatus | None, Query(description="Without it: all but failed and closed ones.")
    ] = None,
    sort: AccountSort = "name",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AccountPage:
    """List the resellers."""
    query = ListAccounts(search=q, status=status, sort=sort, limit=limit, cursor=cursor)
    return await accounts.list_resellers(caller, query)


@router.get("/{account_id}", responses=refusals("not-found"))
async def find_reseller(
    caller: Annotated[Caller, Depends(may(accounts.find_reseller))],
    account_id: str,
    response: Response,
) -> Account:
    """Show a reseller, whatever its state."""
    account = await accounts.find_reseller(caller, account_id)
    response.headers["ETag"] = etag(account.version)
    return account


@router.post("/{account_id}/disable", responses=STATE_PROBLEMS)
async def disable_reseller(
    caller: Annotated[Caller, Depends(may(accounts.disable_reseller))],
    account_id: str,
    key: OptionalKey,
    response: Response,
    body: DisableBody | None = None,
) -> Account:
    """Make a reseller and all its accounts inoperative."""
    reason = body.reason if body else ""
    account = await accounts.disable_reseller(caller, account_id, reason, key)
    response.headers["ETag"] = etag(account.version)
    return account


@router.post("/{account_id}/enable", responses=STATE_PROBLEMS)
async def enable_reseller(
    caller: Annotated[Caller, Depends(may(accounts.enable_reseller))],
    account_id: str,
    key: OptionalKey,
    response: Response,
) -> Account:
    """Make a disabled reseller and its accounts work again."""
    account = await accounts.enable_reseller(caller, account_id, key)
    response.headers["ETag"] = etag(account.version)
    return account


@router.post(
    "/{account_id}/numbers",
    responses=refusals("not-found", "mapping-needed", *KEY_PROBLEMS, body=True),
    openapi_extra=documented_table(
        "number,setup_fee,monthly_fee\n+14155550142,1.00,2.50\n", _NEW_NUMBERS_SCHEMA
    ),
)
async def add_numbers(
    *,
    caller: Annotated[Caller, Depends(may(numbers.add_numbers, takes=(JSON, *TABLES)))],
    account_id: str,
    request: Request,
    options: Annotated[TableOptions, Depends(table_options)],
    key: RequiredKey,
    mode: Annotated[
        StockMode,
        Query(
            description="`add` also changes the fees of spare numbers that are there, `reprice` "
            "changes only these, `remove` takes the spare numbers of the list out of the system."
        ),
    ] = "add",
    dry_run: Annotated[bool, Query(description="Only tell what would be done.")] = False,
) -> StockReport:
    """Give a reseller spare numbers; good rows are added, and the answer explains the others.

    A file may be CSV (any separator, also gzipped) or .xlsx. Columns with a name such as `number`,
    `DID`, `Setup Fee` or `MRC` are understood. When others are there, the problem `mapping-needed`
    lists them, and nothing is stored: send the file again with `mapping`, which gives each of them
    `number`, `number_without_plus`, `number_national`, `setup_fee`, `monthly_fee` or `ignore`.
    """
    order = numbers.StockOrder(mode, dry_run)
    if is_table(request):
        content = await request.body()
        taken = await numbers.add_numbers_of_file(
            caller, account_id, content, options, request_key=key, order=order
        )
        return taken.report
    rows = numbers.rows_of_list(await json_body(request, _NEW_NUMBERS))
    return await numbers.add_numbers(caller, account_id, rows, key, order)
