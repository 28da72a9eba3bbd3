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
from lms.people.service.memberships import end_membership, start_membership
from lms.people.service.offices import change_organisation, create_organisation
from lms.people.service.persons import (
    change_password,
    change_profile,
    create_administrator,
    create_person,
    renew_hash,
    sign_out_everywhere,
)
from lms.people.service.roles import end_role, end_roles_of_departed, grant_role
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
    "accept_invitation",
    "add_address",
    "ask_reset",
    "change_organisation",
    "change_password",
    "change_profile",
    "checked_address",
    "checked_latin",
    "checked_name",
    "checked_password",
    "confirm_address",
    "count_try",
    "create_administrator",
    "create_organisation",
    "create_person",
    "end_membership",
    "end_role",
    "end_roles_of_departed",
    "erase",
    "forget",
    "grant_role",
    "invite",
    "make_primary",
    "name_focal_point",
    "print_invitation",
    "remove_address",
    "renew_hash",
    "renew_invitation",
    "reset_password",
    "send_confirmation",
    "sign_out_everywhere",
    "start_membership",
    "too_many",
]
