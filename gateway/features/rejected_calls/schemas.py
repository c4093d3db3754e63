"""Bodies of requests about rejected calls."""

from typing import Annotated

from pydantic import Field

from contracts.billing import DISMISSAL_CHARACTERS_MAX
from contracts.calls import CALL_ID_CHARACTERS_MAX, RECORD_SECONDS_MAX
from gateway.http.schemas import Body, RealmText, kept_if_absent
from gateway.http.times import Time


class DismissalBody(Body):
    """Why a rejected call isn't charged."""

    reason: Annotated[
        str, Field(max_length=DISMISSAL_CHARACTERS_MAX, examples=["A test call of the switch."])
    ]


class CorrectionPatch(Body):
    """What of a rejected call changes (RFC 7396: what is left out stays)."""

    call_id: Annotated[
        str | None, Field(min_length=1, max_length=CALL_ID_CHARACTERS_MAX), kept_if_absent
    ] = None
    account_id: Annotated[str | None, Field(min_length=1, max_length=64), kept_if_absent] = None
    realm: Annotated[RealmText | None, kept_if_absent] = None
    """Names the account instead of its id."""

    caller: Annotated[str | None, Field(max_length=64), kept_if_absent] = None
    destination: Annotated[str | None, Field(max_length=64), kept_if_absent] = None
    answered_at: Annotated[Time | None, kept_if_absent] = None
    seconds: Annotated[
        int | None, Field(strict=True, ge=1, le=RECORD_SECONDS_MAX), kept_if_absent
    ] = None
