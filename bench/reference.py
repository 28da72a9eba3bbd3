"""The page we compare with: Flask-Login, four statements, a template of our lesson page's size. Pinned: do not tune."""

import os
import sqlite3
from pathlib import Path

from flask import Flask, g, render_template_string
from flask_compress import Compress
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

app = Flask(__name__)
app.config.update(SECRET_KEY="reference", COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_BR_LEVEL=4)
Compress(app)
logins = LoginManager(app)
PAGE = Path(os.environ["REFERENCE_PAGE"]).read_text(encoding="utf-8")
TEMPLATE = "{{ name }}{% for row in rows %}<li>{{ row[1] }}</li>{% endfor %}{{ page|safe }}"
def rows(sql, *values):
    if "db" not in g:
        g.db = sqlite3.connect(os.environ["REFERENCE_DB"])
    return g.db.execute(sql, values).fetchall()
@logins.user_loader
def load(key):
    user = UserMixin()
    user.id, user.name = rows("SELECT id, name FROM person WHERE id = ?", key)[0]
    return user
@app.get("/in")
def sign_in():
    login_user(load("1"))
    return "in"
@app.get("/page")
@login_required
def page():
    found = [rows("SELECT id, name FROM thing WHERE owner = ? AND kind = ?", 1, kind) for kind in (1, 2, 3)]
    return render_template_string(TEMPLATE, name=current_user.name, rows=sum(found, []), page=PAGE)
@app.get("/bare")
def bare():
    return "bare"
