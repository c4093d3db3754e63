"""What ops does by hand: `accounts-manager create-operator …`."""

import argparse
import hashlib
import secrets

from contracts.accounts import CreateOperator, RegisterLink
from services.accounts.handlers.service import accounts
from services.chassis.service import Running

TOKEN_BYTES = 32


@accounts.operation("create-operator")
async def create_first_operator(running: Running, words: list[str]) -> None:
    """Make an operator, who gets an e-mail with a one-time link to set the password.

    With --print-link the standard output is such a link as well: for a set-up without e-mails.
    """
    options = _arguments().parse_args(words)
    order = CreateOperator(
        email=options.email, first_name=options.first_name, last_name=options.last_name
    )
    user = await running.bus.ask(order)
    if not options.print_link:
        print(f"An e-mail with a link to set the password goes to {user.email}.")  # noqa: T201 - a command line answers on the terminal
        return
    token = secrets.token_urlsafe(TOKEN_BYTES)
    token_sha256 = hashlib.sha256(token.encode()).hexdigest()
    await running.bus.ask(
        RegisterLink(user_id=user.id, token_sha256=token_sha256, purpose="first-password")
    )
    print(f"{running.settings.portal_url}/reset/{token}")  # noqa: T201 - likewise


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="accounts-manager create-operator",
        description="Create an operator of the platform, or send the link again.",
    )
    parser.add_argument("email", metavar="EMAIL")
    parser.add_argument("first_name", metavar="FIRST")
    parser.add_argument("last_name", metavar="LAST")
    parser.add_argument("--print-link", action="store_true", help="print a one-time link as well")
    return parser
