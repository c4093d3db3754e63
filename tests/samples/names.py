"""Whom and when samples are about, and what is as long as the rules allow."""

from datetime import UTC, datetime
from typing import Final

from contracts.accounts import Administrator
from gateway.portal.views.parts import SettingsHead

NOW: Final = datetime(2026, 11, 22, 9, 14, tzinfo=UTC)
ZONE: Final = "America/Los_Angeles"
UNIT: Final = 1_000_000
NAME: Final = "Harbour & Vale Legal"
SELLER: Final = "Northwind Voice"
REALM: Final = "harbour-and-vale-legal-k4x7.voice.example"
LONG_NAME: Final = (
    "Wolfeschlegelsteinhausenbergerdorff & Sons International Telecommunications Holding "
    "Company of Greater Northern Territories Ltd"
)[:128]
LONG_WORD: Final = (
    "wolfeschlegelsteinhausenbergerdorff-and-sons-international-telecommunications-h7k2"
)
AMARA: Final = Administrator(
    first_name="Amara", last_name="Okafor", email="amara@harbourvale.example", phone="+14155557651"
)
LONG_PERSON: Final = Administrator(
    first_name="Hubert Blaine Maximilian Ferdinand Alexander",
    last_name="Wolfeschlegelsteinhausenbergerdorff-Montgomery",
    email="hubert.blaine.maximilian@very-long-mail-domain-of-the-company.example",
    phone="+442079460321",
)
HEAD: Final = SettingsHead(
    account_name=NAME, account_id="a4", realm=REALM, currency="USD", available=327_300_000
)
