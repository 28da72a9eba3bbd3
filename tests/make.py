"""Small factories: a test says what it is about and takes the rest from here."""

from __future__ import annotations

import hashlib
import os
from contextlib import nullcontext
from datetime import date
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from lms import clock, db
from lms.people import passwords, queries, service
from lms.people.models import Address, Person

PASSWORD = "seven quiet herons"

passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _writing() -> Any:
    """A writing transaction: the one that is open, or one of its own."""
    return nullcontext() if db.session().info.get("writing") else db.write()


def organisation(name: str = "Statistics Tavara", country: str = "SN", **given: Any) -> UUID:
    with _writing():
        return service.create_organisation(name, "producer", country, given.pop("languages", ["en"]), **given)


def person(name: str = "Amina Diallo", address: str = "", joined: bool = True, **given: Any) -> UUID:
    """A person; one who has joined has a confirmed address, a confirmed name and PASSWORD."""
    with _writing() as s:
        key = service.create_person(name, address or f"{os.urandom(6).hex()}@example.org", **given)
        if joined:
            s = s or db.session()
            row = s.get_one(Person, key)
            row.password_hash, row.name_confirmed_at = passwords.hashed(PASSWORD), clock.now()
            for line in s.scalars(select(Address).where(Address.person_id == key)):
                line.confirmed_at = clock.now()
        return key


def membership(person_id: UUID, organisation_id: UUID, starts_on: date = date(2024, 1, 1)) -> UUID:
    with _writing():
        return service.start_membership(person_id, organisation_id, starts_on)


def role(person_id: UUID, name: str, scope: str = "programme", scope_id: UUID | str = "") -> UUID:
    """Give a role, as the system; the same person, so that it reads in one line."""
    with _writing():
        service.grant_role(person_id, name, scope, str(scope_id), None)
    return person_id


def csrf(client: FlaskClient) -> str:
    """A token that this client's forms carry, without loading one of them."""
    with client.session_transaction() as session:
        secret = session.setdefault("csrf_token", hashlib.sha1(os.urandom(64)).hexdigest())
    key = client.application.config["SECRET_KEY"]
    return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(secret))


def post(client: FlaskClient, url: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
    """Send a form as the page would, with its token."""
    return client.post(url, data={"csrf_token": csrf(client), **(data or {})}, **options)


def sign_in(client: FlaskClient, person_id: UUID) -> FlaskClient:
    """Sign this client in as a person, without the sign-in page."""
    viewer = queries.viewer_of(person_id)
    db.end_read()
    assert viewer is not None
    with client.session_transaction() as session:
        session["person"], session["epoch"] = person_id.hex, viewer.epoch
    return client
