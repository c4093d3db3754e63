"""Changes of rates: the jobs, the files that they read, the rows that they refused."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from contracts.billing import RefusedRow
from services.billing.rating.model.import_job import ImportJob
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Database, Reader, Transaction, Writer, over
from services.chassis.mongo import ASCENDING, Document, IndexModel

JOBS: Final = "rate_jobs"
UPLOADS: Final = "rate_uploads"
REFUSED: Final = "refused_rows"
JOB_DAYS: Final = 30
UPLOAD_DAYS: Final = 1

_STORED_AS: Final = {"from_revision": "from_content", "revision": "content"}
"""Fields that documents call something else, since the first release."""


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(JOBS).ensure_indexes(
        IndexModel(
            [("leased_until", ASCENDING)],
            name="due",
            partialFilterExpression={"leased_until": {"$type": "date"}},
        ),
        IndexModel(
            [("finished_at", ASCENDING)], name="forget", expireAfterSeconds=JOB_DAYS * 86_400
        ),
    )
    for collection, days in ((UPLOADS, UPLOAD_DAYS), (REFUSED, JOB_DAYS)):
        await database.documents(collection).ensure_indexes(
            IndexModel([("at", ASCENDING)], name="forget", expireAfterSeconds=days * 86_400)
        )


def _job(document: Document) -> ImportJob:
    read = {ours: document[stored] for ours, stored in _STORED_AS.items() if stored in document}
    return ImportJob.model_validate({**document, **read, "id": document["_id"]})


def _document(job: ImportJob) -> Document:
    kept = job.model_dump(exclude={"id"})
    return {"_id": job.id, **{_STORED_AS.get(name, name): value for name, value in kept.items()}}


async def add(tx: Transaction, job: ImportJob) -> None:
    """Keep a new job, which any process may take up at once."""
    await tx.documents(JOBS).insert({**_document(job), "leased_until": tx.now})


async def find(db: Reader, sheet_id: str, job_id: str) -> ImportJob | None:
    """Return a job of a sheet."""
    document = await db.documents(JOBS).find_one({"_id": job_id, "sheet_id": sheet_id})
    return _job(document) if document else None


async def take_up(db: Writer, lease: timedelta) -> ImportJob | None:
    """Return the job that waits longest, or that whoever began it has left; None: there is none.

    It is this process's until the lease ends.
    """
    jobs = db.documents(JOBS)
    due = {"leased_until": {"$type": "date"}, **over("leased_until", db.now, lease)}
    waiting = await jobs.find_one(due, sort=[("leased_until", ASCENDING)])
    if waiting is None:
        return None
    document = await jobs.find_and_update(
        {"_id": waiting["_id"], "attempts": waiting["attempts"], **due},
        {"$inc": {"attempts": 1}, "$set": {"leased_until": db.now + lease, "state": "running"}},
    )
    return _job(document) if document else None


async def hold(db: Writer, job: ImportJob, until: datetime) -> bool:
    """Go on with a job until then; tell whether it is still the work of whoever asks."""
    return await db.documents(JOBS).update(_own(job), {"$set": {"leased_until": until}})


async def advance(tx: Transaction, job: ImportJob) -> bool:
    """Keep how far a job is; tell whether it is still the work of whoever asks."""
    return await tx.documents(JOBS).update(_own(job), {"$set": {"done": job.done, "of": job.of}})


async def finish(tx: Transaction, job: ImportJob) -> bool:
    """Keep how a job ended; tell whether it was still the work of whoever asks."""
    ended = {**_document(job), "leased_until": None}
    return await tx.documents(JOBS).replace(_own(job), ended)


def _own(job: ImportJob) -> Document:
    """Return what a job is found by as long as nobody else has begun it since."""
    return {"_id": job.id, "attempts": job.attempts, "finished_at": None}


# --- files and refused rows -----------------------------------------------------------------------


async def keep_upload(tx: Transaction, upload_id: str, text: str) -> None:
    """Keep a file for a job."""
    await tx.documents(UPLOADS).insert({"_id": upload_id, "text": text, "at": tx.now})


async def find_upload(db: Reader, upload_id: str) -> str | None:
    """Return a file that is still kept."""
    document = await db.documents(UPLOADS).find_one({"_id": upload_id})
    return document["text"] if document else None


async def is_upload_kept(db: Reader, upload_id: str) -> bool:
    """Tell whether a file is still kept."""
    return await db.documents(UPLOADS).find_one({"_id": upload_id}, fields=["_id"]) is not None


async def drop_upload(tx: Transaction, upload_id: str) -> None:
    """Forget a file."""
    await tx.documents(UPLOADS).delete({"_id": upload_id})


async def keep_refused(db: Writer, job_id: str, rows: Sequence[RefusedRow], now: datetime) -> None:
    """Keep the rows that a job refused, in place of those that an earlier attempt kept."""
    refused = db.documents(REFUSED)
    await refused.delete({"_id": {"$gt": f"{job_id}/", "$lt": f"{job_id}0"}})
    await refused.insert(
        *(
            {"_id": f"{job_id}/{number:06}", **row.model_dump(), "at": now}
            for number, row in enumerate(rows)
        )
    )


async def list_refused(
    db: Reader, job_id: str, *, limit: int, cursor: str | None
) -> tuple[list[RefusedRow], str | None]:
    """Return a page of the rows that a job refused, and the cursor to the next one."""
    after = position_of(cursor, int)[0] if cursor else -1
    documents = await db.documents(REFUSED).find(
        {"_id": {"$gt": f"{job_id}/{after:06}" if cursor else f"{job_id}/", "$lt": f"{job_id}0"}},
        sort=[("_id", ASCENDING)],
        limit=limit + 1,
    )
    page = documents[:limit]
    more = cursor_of(int(page[-1]["_id"].rpartition("/")[2])) if len(documents) > limit else None
    return [RefusedRow.model_validate(document) for document in page], more
