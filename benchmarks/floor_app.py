"""The floors of an HTTP answer: FastAPI, one `find_one` or one guarded update, nothing else."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel

from benchmarks.floor_hold import hold, put_in_accounts

app = FastAPI()


class Call(BaseModel):
    """A call that is to be held for."""

    billing_account: int
    call_id: str


@app.get("/one")
async def one() -> dict[str, Any]:
    """Return one document by its id."""
    document = await app.state.documents.find_one({"_id": "floor"})
    assert document is not None, "the floor's document was not put in place"
    return document


@app.post("/hold")
async def hold_for(call: Call) -> dict[str, Any]:
    """Hold for a call."""
    left = await hold(app.state.accounts, call.billing_account, call.call_id)
    return {"granted": True, "balance": left}


def main() -> None:
    """Serve on the port, MongoDB and database that the command line names."""
    _, port, mongodb_url, database = sys.argv

    @app.router.on_startup.append
    async def connect() -> None:
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_url)
        app.state.documents = client[database]["floor"]
        document = {"_id": "floor", "name": "Atlas Machine Parts", "balance": 174_810_000}
        await app.state.documents.replace_one({"_id": "floor"}, document, upsert=True)
        app.state.accounts = await put_in_accounts(mongodb_url, database)

    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
