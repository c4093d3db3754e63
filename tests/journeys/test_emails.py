"""What an account's administrator is told by e-mails while the whole system runs."""

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from local.client import link_token_for
from tests.waiting import eventually
from tests.world import World

TOLD = {
    "Welcome to": "Choose a password",
    "Your bill": "nothing left to pay",
    "was disabled": "Reason: a test",
    "is active again": "Calls work as before",
    "is closed": "refunds any remaining credit",
}
"""What each e-mail's subject and text say; the opening is billed within a minute."""


def emails_to(world: World, email: str) -> list[EmailMessage]:
    """Return the e-mails that came to an address."""
    parser = BytesParser(policy=policy.default)
    found: list[EmailMessage] = []
    for path in world.system.mailbox.glob("*.eml"):
        message = parser.parsebytes(path.read_bytes())
        assert isinstance(message, EmailMessage)
        if email in str(message["To"]):
            found.append(message)
    return found


def text_of(email: EmailMessage) -> str:
    """Return the plain text of an e-mail in one line."""
    body = email.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


async def test_an_account_is_told_of_its_bill_and_of_each_change_of_its_state_once(
    world: World,
) -> None:
    reseller = await world.reseller(numbers=0)
    order = reseller.order()
    account = await reseller.client.open_account(order)
    email, path = order["administrator"]["email"], f"/v1/accounts/{account['id']}"
    assert await link_token_for(world.system.mailbox, email)

    def subjects() -> list[str]:
        return [str(message["Subject"]) for message in emails_to(world, email)]

    await eventually(lambda: any("Your bill" in subject for subject in subjects()), seconds=90)
    await reseller.client.post(f"{path}/disable", {"reason": "a test"})
    await reseller.client.post(f"{path}/enable")
    await reseller.client.delete(path, confirm_name=account["name"])
    await eventually(lambda: len(subjects()) >= len(TOLD), seconds=60)
    emails = emails_to(world, email)
    for subject, said in TOLD.items():
        (message,) = [one for one in emails if subject in str(one["Subject"])]
        assert said in text_of(message)
        assert message["From"].addresses[0].display_name.startswith("Reseller ")
        assert order["name"] in text_of(message)
    (bill,) = [one for one in emails if "Your bill" in str(one["Subject"])]
    (enclosed,) = bill.iter_attachments()
    assert enclosed.get_content_type() == "application/pdf"
    assert enclosed.get_content().startswith(b"%PDF-")
