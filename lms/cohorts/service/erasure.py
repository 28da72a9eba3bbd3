"""What of an erased person this room forgets."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from lms import clock, db, privacy
from lms.cohorts import held
from lms.cohorts.models import CohortMember, Nomination


def forget(person_id: UUID) -> list[privacy.Kept]:
    """An erased person is withdrawn from every cohort, and nobody's nominee any more: what was written of them goes.

    While their addresses still stand, since some nominations were typed and never given a place.
    """
    s, kept = db.need_write(), privacy.kept(held.FATES, person_id)
    s.execute(
        update(CohortMember)
        .where(CohortMember.person_id == person_id, CohortMember.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now()),
        execution_options={"synchronize_session": False},
    )
    for row in s.scalars(select(Nomination).where(held.is_nominee([person_id]))):
        row.name = row.address = row.language = row.supervisor = row.motivation = row.reason = ""
        # One without a person keeps a key of its own, which is no address.
        row.address_key = "" if row.person_id and not row.by_hand else f"erased:{row.id}"
        if row.state in ("nominated", "waiting", "selected"):
            row.state, row.position, row.decided_at = "withdrawn", None, clock.now()
    s.flush()
    return kept
