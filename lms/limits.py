"""Rate limits that survive a restart: one small table, one window for each bucket and key.

Keys are hashed (an address that is not ours is nobody's business), windows are fixed, old rows are swept
by the worker.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Integer, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from lms import clock
from lms.db import Base, insert_once, need_write


class RateWindow(Base):
    __tablename__ = "rate_window"

    bucket: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    used: Mapped[int] = mapped_column(Integer, default=0)


def take(bucket: str, key: str, allowed: int, seconds: int) -> int:
    """Use one of `allowed` turns in a window of `seconds`; 0 when there was one, else the seconds to wait.

    Inside a write of its own: what is refused afterwards must still have been counted.
    """
    s = need_write()
    now = clock.now()
    start = datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)
    hashed = hashlib.sha256(f"{bucket}:{key}".encode()).hexdigest()
    insert_once(RateWindow, bucket=bucket, key=hashed, starts_at=start, used=0)
    row = s.scalars(
        select(RateWindow)
        .where(RateWindow.bucket == bucket, RateWindow.key == hashed, RateWindow.starts_at == start)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if row.used >= allowed:
        return int((start + timedelta(seconds=seconds) - now).total_seconds()) + 1
    row.used += 1
    return 0


def sweep() -> None:
    """Remove windows older than a day."""
    need_write().execute(delete(RateWindow).where(RateWindow.starts_at < clock.now() - timedelta(days=1)))
