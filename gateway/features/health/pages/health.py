"""How the parts of the system are, for operators."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from gateway.features.health import actions as health
from gateway.features.health.actions import ServiceHealth
from gateway.features.health.views import HealthPage, PartRow
from gateway.portal.browser import OperatorBrowser
from gateway.portal.formatting import plural
from gateway.portal.views.parts import Kpi

OWN_PARTS: Final = {
    "rabbitmq": "RabbitMQ",
    "mongodb": "MongoDB",
    "events": "Live updates",
    "gateway": "Gateway",
}

router = APIRouter(include_in_schema=False)


@router.get("/parts")
async def show_health(browser: OperatorBrowser) -> Response:
    """Show which parts are ready, and what waits."""
    found = await health.find_health(browser.caller)
    services = found.services
    return await browser.show(
        HealthPage(
            figures=(
                Kpi(label="Services ready", value=sum(one.ready for one in services)),
                Kpi(label="Messages waiting", value=sum(one.waiting for one in services)),
                Kpi(label="Dead letters", value=sum(one.dead_letters for one in services)),
            ),
            parts=(
                *(_own(name, found.faults.get(name, "")) for name in OWN_PARTS),
                *(_service(one) for one in services),
            ),
            zone=browser.user.time_zone,
            looked_at=browser.caller.gateway.clock(),
        )
    )


def _own(name: str, fault: str) -> PartRow:
    return PartRow(
        name=OWN_PARTS[name], status="failing" if fault else "ready", note=fault.capitalize()
    )


def _service(one: ServiceHealth) -> PartRow:
    notes = [
        *([] if one.ready else ["Nothing receives some of its messages. Start the service."]),
        *([f"{plural(one.waiting, 'message')} waiting."] if one.waiting else []),
        *(
            [f"{plural(one.dead_letters, 'dead letter')} to replay or drop."]
            if one.dead_letters
            else []
        ),
    ]
    status = "failing" if not one.ready else "attention" if one.dead_letters else "ready"
    return PartRow(name=one.name.capitalize(), status=status, note=" ".join(notes))
