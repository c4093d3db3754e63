"""Known names of the columns of call records, and what they suggest.

A name is sure only where all systems mean the same by it. Money is never ignored by its name,
except in our own list of calls.
"""

from collections.abc import Mapping
from typing import Final

from contracts.tables.meaning import IGNORE


def _listed(meaning: str, names: str) -> dict[str, str]:
    return {name.strip(): meaning for name in names.split(",")}


SURE: Final[Mapping[str, str]] = {
    **_listed(
        "call_id",
        "call id,callid,unique id,uniqueid,uuid,call uuid,acct session id,acctsessionid",
    ),
    **_listed("account", "account,account id,accountid,account code,accountcode,realm"),
    **_listed(
        "caller",
        "caller,caller number,caller id,callerid,caller id number,calling number,calling party,"
        "calling party number,calling station id,callingstationid,src,source,source number,cli,"
        "ani,from,from number,a number,anumber",
    ),
    **_listed(
        "destination",
        "destination,destination number,dst,called,called number,called party,"
        "called party number,called station id,calledstationid,callee,dialled,dialled number,"
        "dialed,dialed number,to,to number,b number,bnumber",
    ),
    **_listed(
        "answered_at",
        "answered at,answer,answer time,answer stamp,answered time,time answered,answer date,"
        "connect time,connected at",
    ),
    **_listed(
        "seconds",
        "seconds,billsec,bill sec,talk time,talktime,talk seconds,billing seconds,"
        "acct session time,acctsessiontime",
    ),
    **_listed("disposition", "disposition,call disposition"),
    **_listed("hangup_cause", "hangup cause,hangupcause,release cause,disconnect cause"),
    **_listed("direction", "direction,call direction"),
    **_listed("called_channel", "dstchannel,dst channel,destination channel"),
    **_listed(
        IGNORE,
        "clid,channel,context,dcontext,lastapp,last app,lastdata,last data,amaflags,ama flags,"
        "userfield,user field,peeraccount,linkedid,linked id,sequence,recordingfile,"
        "recording file,cnum,cnam,outbound cnum,outbound cnam,dst cnam,bleg uuid,read codec,"
        "write codec,codec,caller name,caller id name,comment,comments,note,notes,remark,remarks",
    ),
}

UNSURE: Final[Mapping[str, str]] = {
    **_listed("call_id", "id,cdr id,session id,call reference,reference,record id"),
    **_listed("account", "customer,customer id,client,client id,user,username,user name,domain"),
    **_listed("destination", "number,phone number,did,dnis"),
    **_listed(
        "answered_at",
        "answered,calldate,call date,call time,date,time,datetime,date time,timestamp,start,"
        "started at,start time,start stamp,start date,call start,begin,setup time",
    ),
    **_listed(
        "seconds",
        "duration,call duration,duration seconds,duration sec,length,call length,billed seconds,"
        "billed duration,rated seconds,billable seconds,elapsed",
    ),
    **_listed("minutes", "minutes,mins,duration minutes,duration min,call minutes"),
    **_listed("milliseconds", "milliseconds,billmsec,duration ms,mduration"),
    **_listed("disposition", "status,call status,result,call result"),
    **_listed("direction", "type,call type"),
    **_listed(
        IGNORE,
        "end,end time,end stamp,end date,ended at,call end,ring time,ringing seconds,country,"
        "destination name,country name,trunk,gateway,carrier,cost,costs,price,charge,charges,"
        "amount,rate,sell,sell rate,sell price,buy,buy rate,buy price,buy cost,fee,connect fee,"
        "debit,credit,tax,total,currency,balance,tariff,revenue,margin,profit",
    ),
}

SYSTEMS: Final[tuple[tuple[frozenset[str], Mapping[str, str]], ...]] = (
    # where the talk time has a column of its own, these count ringing as well
    (frozenset(("billsec", "duration")), _listed(IGNORE, "duration")),
    (frozenset(("answer", "billsec")), _listed(IGNORE, "start,end,calldate")),
    (
        frozenset(("answer stamp", "billsec")),
        _listed(IGNORE, "start stamp,end stamp"),
    ),
    (  # our own list: all of its columns, so that no other file's prices are ignored for it
        frozenset(
            (
                *("call id", "answered at", "caller", "destination", "country", "seconds"),
                *("rated seconds", "rate", "cost", "charged at"),
            )
        ),
        _listed(IGNORE, "country,rated seconds,rate,cost,charged at"),
    ),
)
"""Columns that are sure beside others: the names that must be there, and what is sure then."""

UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "milliseconds"),
}
"""What stands in brackets behind a talk time that is not in seconds."""
