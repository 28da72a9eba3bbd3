"""The configuration: one typed object, read from LMS_* variables and, beneath them, from one file.

Every setting stands here with its default; nothing else in the project reads the environment.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LANGUAGES = ("en", "fr", "ar")


class Unsafe(Exception):
    """The configuration would start a server that is not safe to use; the message says what to set."""


@dataclass(frozen=True)
class Config:
    """Settings of one installation.

    `data_dir` holds everything that is ours to keep: the SQLite file, stored files, caches.
    `mail_url` is `smtp://host:port`, `smtps://user:password@host:port`, or `folder:` for the
    demonstration, where mail goes into `data_dir/mail` and a page shows it.
    """

    data_dir: Path = ROOT / "var"
    database_url: str = ""
    secret_key: str = ""
    public_url: str = ""
    programme_name: str = "Global programme of capacity building on migration statistics"
    languages: tuple[str, ...] = LANGUAGES
    mail_url: str = ""
    mail_from: str = ""
    content_dir: Path = ROOT / "content"
    demo: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    trusted_proxies: int = 0  # how many reverse proxies stand in front; limits by address count what they forward

    @property
    def database(self) -> str:
        """The SQLAlchemy address: what was set, or the embedded SQLite file."""
        return self.database_url or f"sqlite:///{self.data_dir / 'lms.sqlite'}"

    @classmethod
    def load(
        cls, environ: dict[str, str] | None = None, *, beneath: Mapping[str, object] | None = None, **given: object
    ) -> Config:
        """Read `LMS_CONFIG` (a TOML file; by default `lms.toml` in the data folder), then LMS_*, then `given`.

        `beneath` is what counts where none of them says anything.
        """
        env = dict(os.environ if environ is None else environ)
        data_dir, file = cls.place(env, **given)
        values: dict[str, object] = dict(beneath or {})
        if file.exists():
            try:
                values.update(tomllib.loads(file.read_text(encoding="utf-8")))
            except ValueError as error:  # not TOML, or not UTF-8
                raise Unsafe(f"{file} cannot be read: {error}.") from None
        for field in fields(cls):
            if (text := env.get(f"LMS_{field.name.upper()}")) is not None:
                values[field.name] = text
        values.update(given)
        values["data_dir"] = data_dir
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise Unsafe(f"Unknown setting in {file}: {', '.join(unknown)}.")
        return cls(**{name: _typed(name, value) for name, value in values.items()})  # type: ignore[arg-type]

    @classmethod
    def place(cls, environ: dict[str, str] | None = None, **given: object) -> tuple[Path, Path]:
        """Where this installation is: the data folder, and the file of its settings, which need not be there."""
        env = dict(os.environ if environ is None else environ)
        data_dir = Path(str(given.get("data_dir") or env.get("LMS_DATA_DIR") or cls.data_dir)).resolve()
        return data_dir, Path(env.get("LMS_CONFIG", data_dir / "lms.toml"))

    def check(self) -> Config:
        """Refuse to serve unsafely: outside the demonstration a secret and a public address are needed.

        The public address is what QR codes on certificates carry, so that a wrong one cannot be mended later.
        """
        if self.demo:
            return self
        if len(self.secret_key) < 32:
            raise Unsafe(
                "LMS_SECRET_KEY is missing or shorter than 32 letters. "
                "Run `lms init`, which makes one, or set it to a long random text."
            )
        local = ("https://", "http://localhost", "http://127.0.0.1")
        if not self.public_url.startswith(local) or any(char.isspace() for char in self.public_url):
            raise Unsafe(
                "LMS_PUBLIC_URL is missing or not https. It is the address that people open "
                "and that every certificate's QR code carries, for example https://training.example.org."
            )
        if not self.mail_url:
            raise Unsafe("LMS_MAIL_URL is missing: invitations go by mail, for example smtp://localhost:25.")
        return self


def _typed(name: str, value: object) -> object:
    default = getattr(Config, name)
    if isinstance(default, bool):
        return value if isinstance(value, bool) else str(value).strip().lower() in ("1", "true", "yes", "on")
    if isinstance(default, int):
        try:
            return int(str(value))
        except ValueError:
            raise Unsafe(f"{name} must be a whole number, not {value!r}.") from None
    if isinstance(default, Path):
        return Path(str(value)).resolve()
    if isinstance(default, tuple):
        parts = value.split(",") if isinstance(value, str) else list(value)  # type: ignore[call-overload]
        languages = tuple(str(part).strip() for part in parts if str(part).strip())
        if unknown := [code for code in languages if code not in LANGUAGES]:
            raise Unsafe(f"No interface in {', '.join(unknown)}; there are {', '.join(LANGUAGES)}.")
        return languages or LANGUAGES
    return str(value).rstrip("/") if name == "public_url" else str(value)


def write_settings(file: Path, values: Mapping[str, object]) -> None:
    """Make the file of settings, for its owner alone; `FileExistsError` where there is one."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write("# The settings of this programme. LMS_* variables come before them. Keep this file secret.\n")
        # JSON's texts, lists and numbers are TOML's too, but that DEL wants an escape there.
        lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
        out.write("".join(lines).replace("\x7f", "\\u007f"))
