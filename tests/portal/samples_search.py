"""Sample view models of the page of one search over everything."""

from gateway.features.search.views import Group, Hit, SearchPage
from gateway.portal.views.parts import ListQuery
from tests.portal.samples import LONG_NAME, LONG_WORD

KINDS = "accounts by name; numbers; invoices by number; calls by their whole id"


def found() -> SearchPage:
    """Return something of each kind."""
    return SearchPage(
        query=ListQuery(path="/search", parameters={"q": "harb"}),
        kinds=KINDS,
        groups=(
            Group(
                label="Accounts",
                icon="building-2",
                hits=(
                    Hit(
                        label="Harbour & Vale Legal",
                        url="/accounts/a4",
                        note="Amara Okafor, amara@harbourvale.example",
                        status="active",
                    ),
                    Hit(label=LONG_NAME, url="/accounts/a5", note=LONG_WORD, status="suspended"),
                ),
                more_url="/accounts?q=harb",
            ),
            Group(
                label="Numbers",
                icon="hash",
                hits=(Hit(label="+1 415-555-0142", url="/numbers", status="available"),),
            ),
            Group(
                label="Invoices",
                icon="receipt-text",
                hits=(
                    Hit(label="HARB-000123", url="/invoices/i1", note="$66.94", status="overdue"),
                ),
            ),
            Group(
                label="Calls",
                icon="phone-outgoing",
                hits=(Hit(label=LONG_WORD, url="/rejected-calls/r1", status="waiting"),),
            ),
        ),
    )


def nothing() -> SearchPage:
    """Return a search that found nothing."""
    query = ListQuery(path="/search", parameters={"q": "zzz"})
    return SearchPage(query=query, kinds=KINDS, groups=())


def empty() -> SearchPage:
    """Return the page before anything is typed."""
    return SearchPage(query=ListQuery(path="/search"), kinds=KINDS, groups=())
