"""Resellers: accounts of the platform, and the numbers that operators give them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, TypeAdapter

from contracts.accounts import AccountPage, AccountSort, AccountStatus, ListAccounts
from contracts.numbers import STOCK_ROWS_MAX, StockMode, StockReport
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.shared_api import (
    add_opening_routes,
    add_state_routes,
)
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.schemas import NewNumberBody
from gateway.features.opening import actions as opening
from gateway.features.opening.schemas import ResellerBody
from gateway.files.tables import TableOptions, table_options
from gateway.files.uploads import TABLES, documented_table, is_table, json_body
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.operations import Operation
from gateway.identity.requests import (
    JSON,
    KEY_PROBLEMS,
    AccountSearch,
    Cursor,
    Limit,
    RequiredKey,
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


add_opening_routes(
    router,
    ResellerBody,
    Operation(
        "quote_reseller",
        opening.quote_reseller,
        "Tell every charge of opening a reseller; nothing is made.",
    ),
    Operation(
        "open_reseller",
        opening.open_reseller,
        "Open a reseller: an account of the platform, opened as any other account is.",
    ),
)


@router.get("", responses=refusals("invalid-cursor"))
async def list_resellers(
    *,
    caller: Annotated[Caller, Depends(may(accounts.list_resellers))],
    q: AccountSearch = "",
    status: Annotated[
        AccountStatus | None, Query(description="Without it, all but failed and closed ones.")
    ] = None,
    sort: AccountSort = "name",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AccountPage:
    """List the resellers."""
    query = ListAccounts(search=q, status=status, sort=sort, limit=limit, cursor=cursor)
    return await accounts.list_resellers(caller, query)


add_state_routes(
    router,
    Operation("find_reseller", accounts.find_reseller, "Show a reseller, whatever its state."),
    Operation(
        "disable_reseller",
        accounts.disable_reseller,
        "Make a reseller and all its accounts inoperative.",
    ),
    Operation(
        "enable_reseller",
        accounts.enable_reseller,
        "Make a disabled reseller and its accounts work again.",
    ),
)


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
    dry_run: Annotated[bool, Query(description="Say what would be done without doing it.")] = False,
) -> StockReport:
    """Give a reseller spare numbers; good rows are added, and the answer explains the others.

    A file may be CSV (any separator, also gzipped) or .xlsx. Columns with a name such as `number`,
    `DID`, `Setup Fee` or `MRC` are understood. When others are there, the problem `mapping-needed`
    lists them, and nothing is stored: send the file again with `mapping`, which gives each of them
    `number`, `number_without_plus`, `number_national`, `setup_fee`, `monthly_fee` or `ignore`.
    """
    order = numbers.StockChange(mode, dry_run)
    if is_table(request):
        content = await request.body()
        taken = await numbers.add_numbers_of_file(
            caller, account_id, content, options, request_key=key, order=order
        )
        return taken.report
    rows = numbers.rows_of_list(await json_body(request, _NEW_NUMBERS))
    return await numbers.add_numbers(caller, account_id, rows, key, order)
