"""Which meanings known column names suggest, and which of these are beyond doubt."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from contracts.tables import call_aliases
from contracts.tables.accounts import (
    OWN_EXPORT_COUNTS,
    OWN_EXPORT_SIGNATURE,
    OWN_EXPORT_SURE,
    SURE_ACCOUNT_NAMES,
    UNSURE_ACCOUNT_NAMES,
)
from contracts.tables.meaning import IGNORE
from contracts.tables.meanings import TableKind

CURRENCIES: Final = frozenset(
    (
        *("AED", "AUD", "BDT", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK"),
        *("EGP", "EUR", "GBP", "GHS", "HKD", "HUF", "IDR", "ILS", "INR", "JPY", "KES", "KRW"),
        *("MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "RON", "RSD"),
        *("RUB", "SAR", "SEK", "SGD", "THB", "TND", "TRY", "TWD", "TZS", "UAH", "UGX", "USD"),
        *("VND", "XAF", "XOF", "ZAR"),
    )
)
_UNITS: Final = frozenset(
    (
        *("per minute", "minute", "minutes", "min", "mins", "per min", "s", "sec", "secs"),
        *("second", "seconds", "in seconds", "in sec", "optional", "required"),
    )
)
"""What may stand in brackets without changing the meaning of a name."""

_SECONDS: Final = re.compile(r"\b(sec|secs|second|seconds|s)\b")
_BRACKETS: Final = re.compile(r"[(\[{]([^)\]}]*)[)\]}]")
_OTHER: Final = re.compile(r"[^a-z0-9]+")
_COUNT: Final = re.compile(r"[0-9]{1,4}")
"""A count, and no phone number with its country code."""


class Guess(NamedTuple):
    """What a column seems to mean. One that is not sure must be confirmed."""

    meaning: str | None
    is_sure: bool = False
    currency: str | None = None
    """That the name of the column states, such as USD in `Cost / Min (USD)`."""


class _Name(NamedTuple):
    words: str
    currency: str | None
    is_plain: bool
    """Nothing in brackets or behind the words changes their meaning."""

    has_seconds: bool
    unit: str
    """Of a talk time, where its brackets say that it is not in seconds: a meaning."""


def _listed(meaning: str, names: str) -> dict[str, str]:
    return {name.strip(): meaning for name in names.split(",")}


def _all_listed(names: Mapping[str, str]) -> dict[str, str]:
    return {
        name: meaning
        for known, text in names.items()
        for name, meaning in _listed(known, text).items()
    }


_SURE: Final[Mapping[TableKind, Mapping[str, str]]] = {
    "rates": {
        **_listed(
            "prefix",
            "prefix,prefixes,code,codes,dial code,dial codes,dialcode,dialing code,dialling code,"
            "dial prefix,dialprefix,match prefix,destination code,destination prefix,"
            "destination codes,prefix code,e164 prefix,e 164 prefix",
        ),
        **_listed(
            "rate",
            "rate,rates,ppm,price,rate per minute,rate per min,rate minute,rate min,price minute,"
            "price min,price per minute,price per min,cost per minute,cost per min,cost minute,"
            "cost min,per minute rate,per minute,per minute charge,per minute cost,minute rate,"
            "minute price,charge per minute,charge per min,rate cost,rateinitial,rate initial",
        ),
        **_listed("country", "country,country name,iso country code,country iso,country iso code"),
        **_listed(
            "name",
            "name,description,destination,destination name,destination description,"
            "prefix description,target pattern name,destination names",
        ),
        **_listed(
            "connect_fee",
            "connect fee,connection fee,connection cost,connection charge,connect charge,"
            "connectcharge,connect cost,setup,setup fee,set up,set up fee,setup charge,"
            "set up charge,setup cost,ppc,price per call,fee per call,charge per call,flag fall,"
            "flagfall,call setup fee,call set up fee,rate surcharge",
        ),
        **_listed(
            "min_duration",
            "min duration,minimum duration,minimal duration,minimum,minimal,minimum time,"
            "minimal time,min time,initial increment,first increment,initial interval,"
            "first interval,interval 1,initblock,init block,initial block,rate minimum,"
            "minimum seconds,initial period",
        ),
        **_listed(
            "increment",
            "increment,resolution,resolution time,recurring increment,subsequent increment,"
            "next increment,following increment,interval n,next interval,subsequent interval,"
            "recurring interval,billing block,billingblock,rate increment,increment seconds",
        ),
        **_listed("interval", "charge period"),
        **_listed("grace", "grace,grace time,grace period,grace seconds"),
        **_listed("charged_from", "rate nocharge time"),
        **_listed(
            "effective_from",
            "effective from,effective date,effective,date effective,valid from,start date,"
            "startdate,effective start date",
        ),
        **_listed("blocked", "blocked,is blocked"),
        **_listed("outbound", "direction"),
        **_listed(
            IGNORE,
            "comment,comments,note,notes,remark,remarks,weight,carrier,account id,ratedeck id,"
            "ratedeck name,rate version,id trunk,tag,musiconhold,strip,prepend,is merged",
        ),
    },
    "numbers": {
        **_listed(
            "number",
            "number,numbers,did,dids,did number,ddi,ddi number,phone,phone number,phonenumber,"
            "telephone,telephone number,tn,msisdn,e164,e 164,e164 number,e 164 number,phone no,"
            "telephone no",
        ),
        **_listed(
            "setup_fee",
            "setup fee,set up fee,setup,set up,setup charge,set up charge,setup cost,set up cost,"
            "setup price,nrc,one time fee,one off fee,one time charge,one off charge,"
            "activation fee,installation fee,non recurring charge",
        ),
        **_listed(
            "monthly_fee",
            "monthly fee,monthly charge,monthly cost,monthly price,monthly rate,monthly rental,"
            "monthly recurring charge,mrc,fee per month,price per month,cost per month,monthly",
        ),
        **_listed(IGNORE, "comment,comments,note,notes,remark,remarks,city,locality,place"),
    },
    "calls": call_aliases.SURE,
    "accounts": _all_listed(SURE_ACCOUNT_NAMES),
}

_UNSURE: Final[Mapping[TableKind, Mapping[str, str]]] = {
    "rates": {
        **_listed(
            "prefix", "country code,area code,area codes,breakout,digits,npanxx,npa nxx,dial"
        ),
        **_listed("rate", "cost,charge,tariff,sell rate,selling rate,sell price,selling price"),
        **_listed("rate_per_second", "rate per second,price per second,pps,cost per second"),
        **_listed("name", "route,zone,region,operator,network,location,rate name,area"),
        **_listed("connect_fee", "surcharge,call fee,call charge"),
        **_listed("interval", "increments,billing increment,billing increments,billing interval"),
        **_listed("grace", "free seconds"),
        **_listed("effective_from", "date,validity,from,valid,start"),
        **_listed("blocked", "block"),
        **_listed(
            IGNORE,
            "buyrate,buy rate,buy price,buying rate,purchase rate,purchase price,pvt rate cost,"
            "pvt rate surcharge,internal rate cost,status,change,end date,stopdate,valid to,"
            "valid until,effective to,channels,id",
        ),
    },
    "numbers": {
        **_listed("monthly_fee", "rental,rent,month,recurring charge,recurring fee"),
        **_listed("setup_fee", "one time,one off,activation,installation"),
        **_listed(IGNORE, "did name,name,description,channels,region,country,state,status,type,id"),
    },
    "calls": call_aliases.UNSURE,
    "accounts": _all_listed(UNSURE_ACCOUNT_NAMES),
}


class _System(NamedTuple):
    """A system whose exports have columns that mean something else elsewhere."""

    signature: frozenset[str]
    sure: Mapping[str, str]
    counts: frozenset[str] = frozenset()
    """Names of columns that are ignored as long as they only hold counts."""


_SYSTEMS: Final[Mapping[TableKind, tuple[_System, ...]]] = {
    "rates": (
        _System(  # Kazoo's rates
            frozenset(("prefix", "rate cost")),
            {"rate name": "name", "description": IGNORE},
        ),
        _System(  # A2Billing's cc_ratecard
            frozenset(("dialprefix",)),
            {
                **_listed("week_start", "starttime"),
                **_listed("week_end", "endtime"),
                **_listed("one", "announce time correction"),
                **_listed(
                    "zero",
                    "disconnectcharge,additional block charge,minimal cost,stepchargea,chargea,"
                    "stepchargeb,chargeb,stepchargec,chargec,rounding calltime,"
                    "rounding threshold",
                ),
                **_listed(
                    IGNORE,
                    "buyrateinitblock,buyrateincrement,disconnectcharge after,timechargea,"
                    "billingblocka,timechargeb,billingblockb,timechargec,billingblockc,"
                    "additional block charge time,additional grace",
                ),
            },
        ),
    ),
    "numbers": (
        _System(  # our own exports
            frozenset(("number", "state", "account id", "until")),
            _listed(IGNORE, "country,place,state,account id,until"),
        ),
    ),
    "calls": tuple(_System(*system) for system in call_aliases.SYSTEMS),
    "accounts": (
        _System(
            OWN_EXPORT_SIGNATURE, _all_listed(OWN_EXPORT_SURE), frozenset((OWN_EXPORT_COUNTS,))
        ),
    ),
}


def guesses_of(
    kind: TableKind, names: Sequence[str], samples: Sequence[Sequence[str]] = ()
) -> tuple[Guess, ...]:
    """Return what each column of a header seems to mean, with a few values of each if known.

    Two columns that are sure to mean the same are both doubtful.
    """
    read = [_name(name) for name in names]
    words = {one.words for one in read}
    counted = {
        one.words
        for one, values in zip(read, samples, strict=False)
        if all(map(_COUNT.fullmatch, values))
    }
    sure = dict(_SURE[kind])
    for system in _SYSTEMS[kind]:
        if system.signature <= words:
            sure.update(system.sure)
            sure.update(dict.fromkeys(system.counts & counted, IGNORE))
    return tuple(_in_its_unit(_guess(kind, one, sure), one) for one in read)


def _guess(kind: TableKind, name: _Name, sure: Mapping[str, str]) -> Guess:
    meaning = sure.get(name.words)
    if meaning is None:
        return Guess(_UNSURE[kind].get(name.words), currency=name.currency)
    if meaning == "rate" and name.has_seconds:
        return Guess("rate_per_second", currency=name.currency)
    return Guess(meaning, name.is_plain, name.currency)


def _in_its_unit(guess: Guess, name: _Name) -> Guess:
    """Return a talk time as what its brackets say that it is in, which is to be confirmed."""
    return Guess(name.unit) if guess.meaning == "seconds" and name.unit else guess


def _name(text: str) -> _Name:
    """Return the words of a column's name, and what stands beside them."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    inside = [_words(found) for found in _BRACKETS.findall(folded)]
    words = _words(_BRACKETS.sub(" ", folded))
    currency = next(_currencies(inside), None)
    if currency is None:
        first, _, last = words.rpartition(" ")
        if first and last.upper() in CURRENCIES:
            words, currency = first, last.upper()
    has_seconds = any(_SECONDS.search(part) for part in inside)
    is_plain = all(part in _UNITS or part.upper() in CURRENCIES for part in inside)
    unit = next((call_aliases.UNITS[part] for part in inside if part in call_aliases.UNITS), "")
    return _Name(words, currency, is_plain, has_seconds, unit)


def _currencies(parts: Iterable[str]) -> Iterator[str]:
    return (part.upper() for part in parts if part.upper() in CURRENCIES)


def _words(text: str) -> str:
    return _OTHER.sub(" ", text).strip()
