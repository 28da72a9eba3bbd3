"""What can be done with people, offices, memberships, roles, and with the links that are sent to people.

`by` is who does it (None: the system itself, as from the command line); the audit record keeps ids, no names.
"""

from lms.people.service.addresses import (
    add_address,
    confirm_address,
    make_primary,
    remove_address,
    send_confirmation,
)
from lms.people.service.erasure import REASONS as ERASURE_REASONS
from lms.people.service.erasure import erase, forget
from lms.people.service.invitations import (
    accept_invitation,
    ask_reset,
    invite,
    name_focal_point,
    print_invitation,
    renew_invitation,
    reset_password,
)
from lms.people.service.memberships import change_place, end_membership, set_successor, start_membership
from lms.people.service.merging import merge_records, part_records
from lms.people.service.offices import change_organisation, create_organisation
from lms.people.service.persons import (
    change_password,
    change_profile,
    create_administrator,
    create_person,
    renew_hash,
    sign_out_everywhere,
)
from lms.people.service.records import (
    confirm_arrival,
    confirm_move,
    deny_arrival,
    deny_move,
    give_another_address,
    is_coming_back,
    letters_come_back,
    report_move,
    say_address_works,
    take_back_move,
)
from lms.people.service.roles import end_role, end_roles_of_departed, grant_role
from lms.people.service.staff import (
    Missing,
    RowsRefused,
    Said,
    StaffChanged,
    ask_for_confirmations,
    confirm_staff,
)
from lms.people.service.typed import (
    checked_address,
    checked_latin,
    checked_name,
    checked_password,
    count_try,
    too_many,
)

__all__ = [
    "ERASURE_REASONS",
    "Missing",
    "RowsRefused",
    "Said",
    "StaffChanged",
    "accept_invitation",
    "add_address",
    "ask_for_confirmations",
    "ask_reset",
    "change_organisation",
    "change_password",
    "change_place",
    "change_profile",
    "checked_address",
    "checked_latin",
    "checked_name",
    "checked_password",
    "confirm_address",
    "confirm_arrival",
    "confirm_move",
    "confirm_staff",
    "count_try",
    "create_administrator",
    "create_organisation",
    "create_person",
    "deny_arrival",
    "deny_move",
    "end_membership",
    "end_role",
    "end_roles_of_departed",
    "erase",
    "forget",
    "give_another_address",
    "grant_role",
    "invite",
    "is_coming_back",
    "letters_come_back",
    "make_primary",
    "merge_records",
    "name_focal_point",
    "part_records",
    "print_invitation",
    "remove_address",
    "renew_hash",
    "renew_invitation",
    "report_move",
    "reset_password",
    "say_address_works",
    "send_confirmation",
    "set_successor",
    "sign_out_everywhere",
    "start_membership",
    "take_back_move",
    "too_many",
]
