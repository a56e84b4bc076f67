"""The front page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.derive.rows import MARKET_TOTALS
from explorer.views.jobs import job_list
from explorer.views.queries import totals_of
from explorer.views.shapes import HomeView, Totals
from explorer.views.site import amount
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from explorer.views.site import Site

_LATEST = 15


def home_view(session: Session, site: Site) -> HomeView:
    """Totals and the latest jobs."""
    totals = totals_of(session, MARKET_TOTALS)
    names = [phase.name.lower() for phase in Phase if phase is not Phase.NONE]
    phases = {name: totals.get(name, 0) for name in names}
    return HomeView(
        totals=Totals(
            jobs=sum(phases.values()),
            phases=phases,
            escrowed=amount(totals.get("escrowed", 0)),
            earned=amount(totals.get("earned", 0)),
            refunded=amount(totals.get("repaid", 0)),
            burned=amount(totals.get("burned", 0)),
            slashes=totals.get("slashes", 0),
        ),
        latest=job_list(session, site, 1, _LATEST),
    )
