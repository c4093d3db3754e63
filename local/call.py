"""`make call`: a phone of a demo customer calls a number through the Kamailio of `make run-sip`."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from local.__main__ import DEMO, FOLDER
from local.client import Client, Json
from local.sip import PATH, PHONES, program

NUMBER: Final = "+971501234567"
"""In a country that the demo's accounts have opened without included minutes: it shows a price."""

TALK_SECONDS: Final = 10
RING_SECONDS_MAX: Final = 60


def main() -> int:
    """Place a call to the number and of the seconds that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m local.call")
    parser.add_argument("number", nargs="?", default=NUMBER)
    parser.add_argument("seconds", nargs="?", type=int, default=TALK_SECONDS)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="has the demo's data")
    arguments = parser.parse_args()
    demo_file = arguments.folder / DEMO
    demo: Json = json.loads(demo_file.read_text()) if demo_file.exists() else {}
    if "sip" not in demo:
        print("Start the demo with `make run-sip` first.", file=sys.stderr)
        return 1
    account_id, realm = asyncio.run(_caller(demo["portal"], demo["keys"]["reseller"]))
    print(f"104@{realm} calls {arguments.number} …", flush=True)
    print(place(demo["sip"], realm, arguments.number, arguments.seconds))
    print(f"Its calls: {demo['portal']}/accounts/{account_id}/calls")
    return 0


async def _caller(portal_url: str, key: str) -> tuple[str, str]:
    """Return the id and the realm of the account that calls: the first that may."""
    async with Client(portal_url, key) as reseller:
        page = await reseller.get("/v1/accounts", status="active", limit=1)
    (account,) = page["data"]
    return account["id"], account["realm"]


def place(proxy: str, realm: str, number: str, seconds: int) -> str:
    """Place a call, and return how it went: the status lines of SIP and the reason."""
    with tempfile.TemporaryDirectory() as folder:
        messages = Path(folder) / "messages"
        command = [program("sipp"), proxy, "-sf", str(PHONES / "caller.xml"), "-s", number]
        command += ["-key", "realm", realm, "-i", "127.0.0.1", "-m", "1", "-nostdin"]
        command += ["-d", str(seconds * 1_000), "-timeout", f"{seconds + RING_SECONDS_MAX}s"]
        command += ["-trace_msg", "-message_file", str(messages)]
        subprocess.run(
            command,
            env={**os.environ, "PATH": PATH, "TERM": "dumb"},
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds + RING_SECONDS_MAX + 5,
            check=False,
        )
        lines = messages.read_text().splitlines() if messages.exists() else []
    # each once: what is not acknowledged at once comes again
    said = dict.fromkeys(line for line in lines if line.startswith(("SIP/2.0 ", "Reason:")))
    return "\n".join(f"  {line}" for line in said) or "  no answer"


if __name__ == "__main__":
    sys.exit(main())
