"""Places in a cohort: given to whom was selected, offered by hand, taken by those who were asked.

Who belongs to an office that one reaches is in the cohort at once. Anybody else is asked by a letter and joins by
taking the place, and until then nothing of theirs is shown but what was typed, so that an address tells no coordinator
whose it is, and no office whether it is known. Somebody new is a person without an office until they accept their
invitation, which takes the place and begins the membership: a name in the staff list would tell the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from lms import audit, clock, db, limits, text
from lms.cohorts import queries, rules
from lms.cohorts.models import Cohort, CohortMember, Nomination
from lms.cohorts.service import letters
from lms.cohorts.service.groups import add_member
from lms.people import queries as people
from lms.people import service as people_service
from lms.people.signals import Joined
from lms.policy import Refusal


def give_place(cohort: Cohort, nomination: Nomination, by: UUID | None) -> None:
    """Bring whoever was selected into the cohort, or ask them; they get a letter, somebody new the invitation."""
    nomination.selected_at, nomination.taken_at = clock.now(), None
    if nomination.person_id is None:
        _find_person(nomination, by)
    elif not nomination.address_key:
        add_member(cohort.id, nomination.person_id, by)
    _tell(cohort, nomination, by)


def _find_person(nomination: Nomination, by: UUID | None) -> None:
    """Whose address was typed, or somebody new: they belong to the office once they joined.

    Raises Refusal (nominated) for one whom an office nominated: the coordinator sees both.
    """
    s = db.need_write()
    known = people.find_by_address(nomination.address)
    if known is None:
        office = people.organisation_or_none(nomination.organisation_id) if nomination.organisation_id else None
        nomination.is_new = True
        nomination.person_id = people_service.create_person(
            nomination.name,
            nomination.address,
            language=nomination.language,
            time_zone=office.time_zone if office else "",
            by=by,
        )
    elif _is_nominated(nomination.cohort_id, known) or is_member(nomination.cohort_id, known):
        message = _(
            "%(address)s belongs to somebody who is in this cohort or nominated for it already.",
            address=nomination.address,
        )
        raise Refusal("nominated", message, 409, "address")
    elif _is_offered(nomination.cohort_id, known):
        pass  # the same human under another address: they were asked, and that is all that may be said
    else:
        nomination.person_id = known
    s.flush()


def _is_nominated(cohort_id: UUID, person_id: UUID) -> bool:
    return _has(cohort_id, person_id, by_hand=False)


def _is_offered(cohort_id: UUID, person_id: UUID) -> bool:
    return _has(cohort_id, person_id, by_hand=True)


def _has(cohort_id: UUID, person_id: UUID, by_hand: bool) -> bool:
    found = select(Nomination.id).where(
        Nomination.cohort_id == cohort_id,
        people.same_person(Nomination.person_id, person_id),
        Nomination.by_hand.is_(by_hand),
    )
    return db.need_write().scalar(found.limit(1)) is not None


def is_member(cohort_id: UUID, person_id: UUID) -> bool:
    found = select(CohortMember.id).where(
        CohortMember.cohort_id == cohort_id,
        people.same_person(CohortMember.person_id, person_id),
        CohortMember.withdrawn_at.is_(None),
    )
    return db.need_write().scalar(found.limit(1)) is not None


def _tell(cohort: Cohort, nomination: Nomination, by: UUID | None) -> None:
    """The invitation for one who has no account, whose welcome says it; else a letter with the place's page."""
    person_id = nomination.person_id
    if person_id is None:
        return
    if not people.person(person_id).active:
        people_service.invite(person_id, by)
        return
    to = people.recipient(person_id)
    if to is not None:
        nominated = nomination.organisation_id if not nomination.by_hand else None
        office = people.organisation_or_none(nominated) if nominated else None
        kind = letters.PLACE if nomination.address_key else letters.SELECTED
        letters.place_letter(kind, cohort, nomination, to, office.name_in(to.language) if office else "")


def offer_place(
    cohort_id: UUID,
    name: str,
    address: str,
    spoken: str,
    organisation_id: UUID | None,
    by: UUID | None,
    *,
    offices: Collection[UUID],
    everywhere: bool = False,
) -> str:
    """Bring one person into a cohort by hand: `added`, `already` in it, `invited`, `asked` or `asked_already`.

    `offices` are those that the coordinator may add from at once; `everywhere`: they reach every office, so that
    nothing is to be kept from them. Raises Refusal (name_…, address_form, organisation, nominated) with the field.
    """
    cohort: Cohort = db.locked(Cohort, cohort_id)
    name, address = people_service.checked_name(name), people_service.checked_address(address)
    if organisation_id is not None and organisation_id not in offices:
        raise Refusal("organisation", _("Choose one of the offices."), field="organisation")
    known = people.find_by_address(address)
    if known is not None and (everywhere or queries.belongs_to(known, offices)):
        return _add_known(cohort_id, known, by)
    if known is not None and is_member(cohort_id, known):
        return "already"
    if known is None and everywhere:
        person_id = people_service.create_person(name, address, language=spoken, organisation_id=organisation_id, by=by)
        add_member(cohort_id, person_id, by)
        people_service.invite(person_id, by)
        return "invited"
    return _offer(cohort, name, address, spoken, organisation_id, by)


def _add_known(cohort_id: UUID, person_id: UUID, by: UUID | None) -> str:
    """Somebody within reach; a nomination that they have goes along."""
    added = add_member(cohort_id, person_id, by)
    row = (
        db.need_write()
        .scalars(
            select(Nomination)
            .where(Nomination.cohort_id == cohort_id, people.same_person(Nomination.person_id, person_id))
            .order_by(Nomination.id)
        )
        .first()
    )
    if row is not None and rules.may_move(row.state, "selected", "coordinator"):
        row.state, row.position, row.selected_at = "selected", None, clock.now()
        row.decided_by, row.decided_at = by, clock.now()
    return "added" if added else "already"


def _offer(cohort: Cohort, name: str, address: str, spoken: str, organisation_id: UUID | None, by: UUID | None) -> str:
    """Keep a place for whoever answers at this address."""
    s, key = db.need_write(), text.address_key(address)
    row = s.scalars(
        select(Nomination).where(
            Nomination.cohort_id == cohort.id, Nomination.by_hand.is_(True), Nomination.address_key == key
        )
    ).one_or_none()
    if row is not None and not rules.may_move(row.state, "selected", "coordinator"):
        return "asked_already"
    if row is None:
        row = Nomination(
            id=db.new_id(), cohort_id=cohort.id, organisation_id=organisation_id, by_hand=True, name=name,
            address=address, address_key=key, language=spoken, nominated_by=by, nominated_at=clock.now(),
        )  # fmt: skip
        s.add(row)
    row.name, row.language = name, spoken
    row.state, row.decided_by, row.decided_at = "selected", by, clock.now()
    s.flush()
    audit.record("cohorts.place_offered", "nomination", row.id, by, cohort=str(cohort.id))
    give_place(cohort, row, by)
    return "asked"


def send_place_again(cohort_id: UUID, nomination_id: UUID, by: UUID | None) -> None:
    """Send the letter of a place that nobody has answered once more, twice a day at most.

    Raises Refusal (moved_on, too_many_tries).
    """
    cohort: Cohort = db.locked(Cohort, cohort_id)
    row: Nomination = db.locked(Nomination, nomination_id)
    if row.state != "selected" or row.taken_at is not None:
        raise Refusal("moved_on", _("This was answered meanwhile. Reload the page."), 409)
    if wait := limits.take("place_letter", str(row.id), 2, int(timedelta(days=1).total_seconds())):
        raise people_service.too_many(wait)
    _tell(cohort, row, by)


def take_place(nomination_id: UUID, by: UUID | None) -> None:
    """They take the place: who was asked is in the cohort from now on. Twice is once. Raises Refusal (moved_on)."""
    s = db.need_write()
    cohort_id = s.scalar(select(Nomination.cohort_id).where(Nomination.id == nomination_id))
    if cohort_id is None:
        raise Refusal("no_nomination", _("There is no such nomination."), 404)
    cohort: Cohort = db.locked(Cohort, cohort_id)
    row: Nomination = db.locked(Nomination, nomination_id)
    if row.state != "selected" or row.person_id is None:
        raise Refusal("moved_on", _("This place is not kept for you any more."), 409)
    if row.taken_at is not None:
        return
    row.taken_at = clock.now()
    audit.record("cohorts.place_taken", "nomination", row.id, by, cohort=str(cohort.id))
    add_member(cohort.id, row.person_id, by)
    if row.is_new and row.organisation_id is not None and not queries.belongs_to(row.person_id, [row.organisation_id]):
        office = people.organisation_or_none(row.organisation_id)
        if office is not None:
            today = clock.today(office.time_zone)
            people_service.start_membership(row.person_id, office.id, today, by=row.nominated_by)


def person_joined(event: Joined) -> None:
    """Receiver: who was made for a place takes it by accepting the invitation."""
    rows = db.need_write().scalars(
        select(Nomination.id).where(
            people.same_person(Nomination.person_id, event.person_id),
            Nomination.is_new.is_(True),
            Nomination.state == "selected",
        )
    )
    for nomination_id in rows.all():
        take_place(nomination_id, event.person_id)
