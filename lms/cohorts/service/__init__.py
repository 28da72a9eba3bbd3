"""What can be done with cohorts: their facts and people, their call, the nominations.

`by` is who does it (None: the system itself); the audit record keeps ids, no names.
"""

from lms.cohorts.service.calls import open_call, save_call, tell_offices
from lms.cohorts.service.erasure import forget
from lms.cohorts.service.facts import Facts, currencies, smallest_units
from lms.cohorts.service.groups import add_member, create_cohort, withdraw_member
from lms.cohorts.service.nominations import (
    decide,
    decline,
    make_selection,
    move_waiting,
    nominate,
    take_back,
)
from lms.cohorts.service.places import offer_place, person_joined, send_place_again, take_place
from lms.cohorts.service.setup import change_cohort, copy_cohort

__all__ = [
    "Facts",
    "add_member",
    "change_cohort",
    "copy_cohort",
    "create_cohort",
    "currencies",
    "decide",
    "decline",
    "forget",
    "make_selection",
    "move_waiting",
    "nominate",
    "offer_place",
    "open_call",
    "person_joined",
    "save_call",
    "send_place_again",
    "smallest_units",
    "take_back",
    "take_place",
    "tell_offices",
    "withdraw_member",
]
