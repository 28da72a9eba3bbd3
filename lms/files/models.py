"""Stored files: the row; the bytes lie on disk under their SHA-256."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id


class StoredFile(Id, Base):
    """One file that we keep. Equal bytes share one place on disk; rows stay apart."""

    __tablename__ = "stored_file"

    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
