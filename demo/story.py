"""Who is in the small demonstration and what each of them has done: invented people.

Six offices of five countries; a cohort of forty-two that is under way, one of twenty that has finished, one that is
being called together; those who coordinate, facilitate, answer for an office or look on.
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
    Office(
        "lunavia",
        "Statistics Lunavia",
        {"fr": "Statistiques Lunavie", "ar": "إحصاءات لونافيا"},
        "QN",
        "permits",
        ("en",),
        "Europe/Chisinau",
        (6, 7),
    ),
    Office(
        "borders",
        "Office of Borders",
        {"fr": "Office des frontières", "ar": "مكتب الحدود"},
        "QN",
        "permits",
        ("en",),
        "Europe/Chisinau",
        (6, 7),
    ),
    Office(
        "pulaura",
        "Central Statistics Pulaura",
        {"fr": "Statistique centrale de Pulaura", "ar": "الإحصاء المركزي في بولاورا"},
        "QP",
        "register",
        ("en",),
        "Asia/Jakarta",
        (6, 7),
    ),
    Office(
        "maneerat",
        "Statistics Maneerat",
        {"fr": "Statistiques Manirat", "ar": "إحصاءات مانيرات"},
        "QS",
        "census",
        ("en",),
        "Asia/Bangkok",
        (6, 7),
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
        _l("Regional coordinator: who needs help, whom to select, which offices have nobody"),
    ),
    Somebody(
        "moses", "Moses Okello", "", "", "en", "male", "Facilitator", "facilitator",
        _l("Facilitator of a cohort: one page with what waits"),
    ),
    Somebody(
        "ibrahim", "Ibrahim Traoré", "", "tavara", "fr", "male", "Director of training", "focal_point",
        _l("Focal point of Statistics Tavara: staff, certificates, who follows whom"),
    ),
    Somebody(
        "huda", "هدى منصور", "Huda Mansour", "marsa-nour", "ar", "female", "Head of human resources", "focal_point",
        _l("Focal point of Statistics Marsa Nour, whose staff is due to be confirmed"),
    ),
    Somebody(
        "vera", "Vera Cojocaru", "", "lunavia", "en", "female", "Head of administration", "focal_point",
        _l("Focal point of Statistics Lunavia, whose survey waits for an answer"),
    ),
    Somebody(
        "karin", "Karin Holm", "", "", "en", "female", "Programme officer of a donor", "observer",
        _l("Observer: figures, and nobody’s name"),
    ),
    Somebody(
        "admin", "Ines Moreau", "", "", "en", "female", "Administrator", "administrator",
        _l("Administrator: offices, people, content, mail"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One of the many who are in a cohort: they have no door of their own. `latin` is empty for a Latin name."""

    name: str
    latin: str
    office: str
    sex: str
    post: str

    @property
    def address(self) -> str:
        return f"{(self.latin or self.name).casefold().translate(_PLAIN).replace(' ', '.')}@example.org"


_PLAIN = str.maketrans("áàâãäåçéèêëíìîïñóòôõöúùûüýșțăôüşğıćčšžđ’'", "aaaaaaceeeeiiiinooooouuuuystaousgiccszd--")


def _members(office: str, post: str, lines: str) -> tuple[Member, ...]:
    """People of an office, one a line: the sex (f or m), the name, and after a stroke the name in Latin letters."""
    sexes = {"f": "female", "m": "male"}
    made = []
    for line in lines.strip().splitlines():
        sex, _space, names = line.strip().partition(" ")
        name, _stroke, latin = names.partition(" | ")
        made.append(Member(name, latin, office, sexes[sex], post))
    return tuple(made)


# West 3 beside those with a door: forty-two in all.
WEST_3 = (
    *_members("tavara", "Statisticien", """
        f Aïssatou Diop
        m Ousmane Kane
        f Mariam Koné
        m Seydou Coulibaly
        f Rokhaya Ndiaye
        m Abdoulaye Sarr
    """),
    *_members("marsa-nour", "Statistician", """
        f نادية بن سالم | Nadia Ben Salem
        m كريم زيتوني | Karim Zitouni
        f منى الشريف | Mona Al Sharif
        m يوسف المصري | Youssef Al Masri
        f سلمى عباس | Salma Abbas
        m طارق الهاشمي | Tarek Al Hashimi
        f ريم الجابري | Reem Al Jabri
    """),
    *_members("lunavia", "Statistician, permits", """
        f Nino Kapanadze
        m Irakli Lomidze
        f Elena Munteanu
        m Teodor Munteanu
        f Ana Ceban
        m Sergiu Rusu
        f Tamara Kobakhidze
        m Vadim Popa
    """),
    *_members("borders", "Analyst", """
        m Somchai Prasert
        f Doina Botnaru
        m Andrei Lungu
        f Marina Gogua
        m Giorgi Beridze
        f Lia Chanturia
        m Petru Moraru
    """),
    *_members("pulaura", "Register officer", """
        f Siti Rahma Wulandari
        m Kodjo Mensah
        f Dewi Anggraini
        m Budi Santoso
        f Rina Kartika
        m Agus Wibowo
        f Maya Putri
        m Hendra Saputra
    """),
)  # fmt: skip

# West 2, which has finished: twenty.
WEST_2 = (
    *_members("tavara", "Statisticienne", """
        f Coumba Gueye
        m Ibrahima Faye
        f Ndeye Thiam
        m Lamine Cissé
        f Astou Mbaye
        m Cheikh Sy
        f Khady Dieng
    """),
    *_members("marsa-nour", "Statistician", """
        f هالة منصور | Hala Mansour
        m عمر فاروق | Omar Farouk
        f ليلى قاسم | Leila Kassem
        m سامي نصار | Sami Nassar
        f دينا رشيد | Dina Rashid
        m مازن حبيب | Mazen Habib
    """),
    *_members("borders", "Analyst", """
        m Nicolae Ursu
        f Ketevan Japaridze
        m Levan Tsiklauri
        f Oxana Balan
        m Dumitru Rotaru
        f Natela Mchedlidze
        m Zaza Gelashvili
    """),
)  # fmt: skip
