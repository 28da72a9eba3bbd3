"""Who is in the small demonstration and what each of them has done: invented people.

Two offices, one cohort, six trainees at different stages, one coordinator, two focal points, an administrator.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Office:
    key: str
    name: str
    names: dict[str, str]
    country: str
    infrastructure: str
    languages: tuple[str, ...]
    time_zone: str
    weekend: tuple[int, ...]


@dataclass(frozen=True)
class Somebody:
    """A person of the demonstration. `says` is the sentence on the door; `stage` what `build` lets them live."""

    key: str
    name: str
    latin: str
    office: str
    language: str
    sex: str
    post: str
    role: str  # trainee, coordinator, focal_point, administrator
    says: object  # a lazy string
    stage: str = ""

    @property
    def address(self) -> str:
        return f"{self.key}@example.org"


OFFICES = (
    Office(
        "tavara",
        "Statistics Tavara",
        {"fr": "Statistiques Tavara", "ar": "إحصاءات تافارا"},
        "QM",
        "mixed",
        ("fr",),
        "Africa/Abidjan",
        (6, 7),
    ),
    Office(
        "marsa-nour",
        "Statistics Marsa Nour",
        {"fr": "Statistiques Marsa Nour", "ar": "إحصاءات مرسى نور"},
        "QT",
        "permits",
        ("ar",),
        "Africa/Cairo",
        (5, 6),
    ),
)

PEOPLE = (
    Somebody(
        "elise", "Élise Ouédraogo", "", "tavara", "fr", "female", "Statistician, migration and tourism", "trainee",
        _l("Trainee in French: the assessment is half answered"), "half",
    ),
    Somebody(
        "layla", "ليلى حداد", "Layla Haddad", "marsa-nour", "ar", "female", "Statistician, residence permits",
        "trainee", _l("Trainee in Arabic: the second lesson is begun"), "reading",
    ),
    Somebody(
        "amina", "Amina Diallo", "", "tavara", "fr", "female", "Head of the population section", "trainee",
        _l("Trainee with a certificate"), "passed",
    ),
    Somebody(
        "samir", "سمير خوري", "Samir Khoury", "marsa-nour", "ar", "male", "Data manager", "trainee",
        _l("Trainee who failed three times and needs another attempt"), "failed",
    ),
    Somebody(
        "moussa", "Moussa Ba", "", "tavara", "fr", "male", "Statistician, censuses", "trainee",
        _l("Trainee who did one lesson and then nothing for weeks"), "stuck",
    ),
    Somebody(
        "fatou", "Fatou Sow", "", "tavara", "fr", "female", "Statistician, surveys", "trainee",
        _l("Trainee with a certificate who has left the office"), "left",
    ),
    Somebody(
        "ruth", "Ruth Alvarez", "", "", "en", "female", "Regional coordinator", "coordinator",
        _l("Coordinator: sees who needs help, opens another attempt"),
    ),
    Somebody(
        "ibrahim", "Ibrahim Traoré", "", "tavara", "fr", "male", "Director of training", "focal_point",
        _l("Focal point of Statistics Tavara: downloads the certificates"),
    ),
    Somebody(
        "huda", "هدى منصور", "Huda Mansour", "marsa-nour", "ar", "female", "Head of human resources", "focal_point",
        _l("Focal point of Statistics Marsa Nour"),
    ),
    Somebody(
        "admin", "Ines Moreau", "", "", "en", "female", "Administrator", "administrator",
        _l("Administrator: offices, people, content, mail"),
    ),
)  # fmt: skip
