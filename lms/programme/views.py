"""Figures for observers: a page, and the same as a table to download."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import lazy_gettext as _l

from lms.policy import OVER_OFFICES, define
from lms.programme import chart, queries
from lms.text import cell
from lms.web.viewer import me, permit

blueprint = Blueprint("programme", __name__, template_folder="templates")

define(
    "figures.see",
    "observer",
    "coordinator",
    "administrator",
    over=OVER_OFFICES,
)

HEADINGS = {
    "enrolled": _l("Enrolled"),
    "begun": _l("Began"),
    "finished": _l("Finished a module"),
    "certified": _l("Hold a valid certificate"),
    "women": _l("Women"),
}


def _asked() -> queries.Figures:
    """The figures of the scope in the address; what is not the viewer's own does not exist for them."""
    return queries.figures(me(), request.args.get("scope")) or abort(404)


@blueprint.get("/figures")
@permit("figures.see")
def figures() -> str:
    found = _asked()
    drawn = chart.bars([place.total for place in found.places]) if len(found.places) > 1 else None
    return render_template(
        "programme/figures.html", figures=found, headings=HEADINGS, drawn=drawn, most_bars=chart.MOST
    )


@blueprint.get("/figures.csv")
@permit("figures.see")
def figures_csv() -> Response:
    """What the page shows, line by line; a number that is too few to show is an empty cell."""
    found = _asked()
    day = found.counted_on.isoformat() if found.counted_on else ""
    lines = [(place.total.label, line) for place in found.places for line in place.groups]
    if lines:
        lines.append((found.scope.label, found.total))
    out = io.StringIO(newline="")
    sheet = csv.writer(out)
    sheet.writerow([_l("Country"), _l("Office"), *(HEADINGS[name] for name in found.names), _l("As of")])
    for place, line in lines:
        numbers = [line.numbers.get(name, "") for name in found.names]
        sheet.writerow([cell(place), cell(line.label), *numbers, day])
    headers = {"Content-Disposition": f'attachment; filename="figures-{day or "none"}.csv"'}
    return Response("\ufeff" + out.getvalue(), mimetype="text/csv", headers=headers)
