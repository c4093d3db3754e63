"""Kamailio from the distribution, with our configuration, and sipp as both ends of a call."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from local import sip
from tests.integrations.agents import PATIENT_SECONDS
from tests.waiting import eventually

CALL_SECONDS_MAX: Final = 60


class Kamailio(sip.Kamailio):
    """A Kamailio that waits for its agent as long as a busy machine needs."""

    def __init__(
        self, folder: Path, agent_url: str, *, trunk: str = "127.0.0.1", users: str = ""
    ) -> None:
        """Prepare it, on ports of its own."""
        super().__init__(
            folder, agent_url, trunk=trunk, users=users, ask_seconds=PATIENT_SECONDS + 5
        )


# --- what the two ends of a call do, as sipp reads it ---------------------------------------------

SDP: Final = """
v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 6000 RTP/AVP 0
"""


def _send(text: str, body: str = "", options: str = "") -> str:
    lines = text.strip() + ("\nContent-Type: application/sdp" if body else "")
    content = f"{lines}\nContent-Length: [len]\n{body}"
    return f"<send {options}><![CDATA[\n{content}\n]]></send>"


FIRST: Final = "z9hG4bK-[pid]-[call_number]-first"
OTHER: Final = "z9hG4bK-[pid]-[call_number]-other"


def _request(method: str, number: int, *, branch: str = "", tag: str = "", hops: int = 70) -> str:
    target = "sip:[service]@[remote_ip]:[remote_port]" if branch else "[next_url]"
    routes = "" if branch else "[routes]\n"
    branch = branch or "[branch]"
    return (
        f"{method} {target} SIP/2.0\n"
        f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n"
        "From: <sip:104@[realm]>;tag=[pid]-[call_number]\n"
        f"To: <sip:[service]@[remote_ip]>{tag}\n"
        "Call-ID: [call_id]\n"
        f"CSeq: {number} {method}\n"
        "Contact: <sip:104@[local_ip]:[local_port]>\n"
        f"{routes}"
        f"Max-Forwards: {hops}"
    )


TAG: Final = "[peer_tag_param]"
INVITE: Final = _send(_request("INVITE", 1, branch=FIRST), SDP, 'retrans="500"')
INVITE_AGAIN: Final = _send(_request("INVITE", 1, branch=FIRST), SDP)
"""The same transaction, as a phone sends it whose first try got no answer."""

ACK: Final = _send(_request("ACK", 1, tag=TAG))
ACK_REFUSAL: Final = _send(_request("ACK", 1, branch=FIRST, tag=TAG))
BYE: Final = _send(_request("BYE", 3, tag=TAG), options='retrans="500"')
BYE_OF_FEW_HOPS: Final = _send(_request("BYE", 2, tag=TAG, hops=1))
"""A proxy passes it on, and the next hop has to refuse it."""

INVITE_OF_NO_CALL: Final = _send(_request("INVITE", 1, branch=OTHER, tag=";tag=made-up"), SDP)
"""As if it belonged to a call that was answered."""

ACK_OF_NO_CALL: Final = _send(_request("ACK", 1, branch=OTHER, tag=";tag=made-up"))
ACK_SECOND: Final = _send(_request("ACK", 2, tag=TAG))
ACK_SECOND_REFUSAL: Final = _send(_request("ACK", 2, branch=OTHER, tag=TAG))
CANCEL: Final = _send(_request("CANCEL", 1, branch=FIRST))
RINGS: Final = '<recv response="100" optional="true"/><recv response="180" optional="true"/>'


def gets(code: int, *, after: str = RINGS) -> str:
    """Wait for an answer, after ones that may come before it."""
    return f'{after}<recv response="{code}" rrs="true"/>'


def authenticated(then: str) -> str:
    """Ask for a call, be asked for a password, and ask again with it."""
    again = _send(f"{_request('INVITE', 2, branch=OTHER)}\n[authentication]", SDP)
    challenge = '<recv response="407" auth="true"/>'
    return INVITE + challenge + ACK_REFUSAL + again + then


def waits(milliseconds: int) -> str:
    """Talk, or let it ring."""
    return f'<pause milliseconds="{milliseconds}"/>'


def answers(
    code: int, phrase: str, *, body: str = "", own_tag: str = ";tag=[pid]", cseq: str = ""
) -> str:
    """Answer the request that came last, or another one of its transaction."""
    cseq = f"CSeq: {cseq}" if cseq else "[last_CSeq:]"
    text = (
        f"SIP/2.0 {code} {phrase}\n"
        "[last_Via:]\n[last_From:]\n"
        f"[last_To:]{own_tag}\n"
        f"[last_Call-ID:]\n{cseq}\n[last_Record-Route:]\n"
        "Contact: <sip:[local_ip]:[local_port]>"
    )
    return _send(text, body)


def receives(method: str) -> str:
    """Wait for a request."""
    return f'<recv request="{method}" rrs="true"/>'


TALKS_UNTIL_THE_OTHER_HANGS_UP: Final = receives("BYE") + answers(200, "OK", own_tag="")
HANGS_UP: Final = BYE + '<recv response="200"/>'
_ANSWERS: Final = answers(180, "Ringing") + answers(200, "OK", body=SDP) + receives("ACK")
PICKS_UP: Final = receives("INVITE") + _ANSWERS
PICKS_UP_AND_HANGS_UP: Final = (
    '<recv request="INVITE" rrs="true"><action>'
    '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>'
    '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>'
    "</action></recv>"
    + _ANSWERS
    + waits(300)
    + _send(
        "BYE [next_url] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        "From:[$callee];tag=[pid]\nTo:[$caller]\n"
        "Call-ID: [call_id]\nCSeq: 1 BYE\n[routes]\nMax-Forwards: 70",
        options='retrans="500"',
    )
    + '<recv response="200"/>'
)


@asynccontextmanager
async def sipp(
    folder: Path, name: str, steps: str, arguments: Sequence[str]
) -> AsyncGenerator["asyncio.subprocess.Process"]:
    """Run one end of a call; it's gone when the block ends."""
    scenario = folder / f"{name}.xml"
    scenario.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{name}">{steps}</scenario>\n'
    )
    with (folder / f"{name}.out").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sip.program("sipp"),
            *("-sf", str(scenario), "-i", "127.0.0.1", "-nostdin", "-trace_err"),
            *("-error_file", str(folder / f"{name}.err"), "-m", "1", "-timeout", "50s"),
            *("-trace_msg", "-message_file", str(folder / f"{name}.messages")),
            *arguments,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def listens(port: int) -> None:
    """Wait until somebody listens on this UDP port."""

    def taken() -> bool:
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return True
        return False

    await eventually(taken)


async def ended_well(folder: Path, name: str, process: "asyncio.subprocess.Process") -> None:
    """Wait until an end of a call has done all its steps; fails when something else came."""
    status = await asyncio.wait_for(process.wait(), CALL_SECONDS_MAX)
    errors = folder / f"{name}.err"
    assert status == 0, errors.read_text() if errors.exists() else f"sipp ended with {status}"
