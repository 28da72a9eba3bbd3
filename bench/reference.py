"""The page we compare with: Flask-Login, four ORM statements, a template of our lesson page's size. Pinned: do not tune."""

import os

import sqlalchemy as sa
from flask import Flask
from flask_compress import Compress
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

app = Flask(__name__)
app.config.update(SECRET_KEY="reference", COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_BR_LEVEL=4)
Compress(app)
logins = LoginManager(app)
db: scoped_session[Session] = scoped_session(sessionmaker(sa.create_engine(f"sqlite:///{os.environ['REFERENCE_DB']}")))
app.teardown_appcontext(lambda _error: db.remove())
class Base(DeclarativeBase): ...
class Person(UserMixin, Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
class Thing(Base):
    __tablename__ = "thing"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[int]
    kind: Mapped[int]
    name: Mapped[str]  # a paragraph of text: together as long as a lesson
@logins.user_loader
def load(key): return db.get(Person, int(key))
@app.get("/in")
def sign_in(): return str(login_user(load("1")))
@app.get("/page")
@login_required
def page():
    things = [db.scalars(sa.select(Thing).where(Thing.owner == 1, Thing.kind == kind)).all() for kind in (1, 2, 3)]
    app.jinja_env.globals.setdefault("page", app.jinja_env.from_string(os.environ["REFERENCE_TEMPLATE"]))
    return app.jinja_env.globals["page"].render(person=current_user, things=things)
@app.get("/bare")
def bare(): return "bare"
