"""Serial numbers of days, and what people type that a spreadsheet turns into them."""

import datetime

_LAST = 2_958_465  #: 31 December 9999


def moment(serial: float, date1904: bool = False) -> datetime.datetime | datetime.time | None:
    """Return the day, or the time of day below 1, of a serial number; None where no calendar has it."""
    if date1904:
        serial += 1462
    if not 0 <= serial <= _LAST:
        return None
    days, part = divmod(serial, 1)
    seconds = datetime.timedelta(seconds=int(part * 86_400 + 0.5))
    if days == 0:
        return (datetime.datetime.min + seconds).time() if seconds.days == 0 else datetime.time()
    # the system counts 29 February 1900, a day that never was
    day = datetime.datetime(1899, 12, 30 if days > 60 else 31) + datetime.timedelta(days=days)
    return day + seconds if day + seconds <= datetime.datetime.max else None


def shown(when: datetime.datetime | datetime.time) -> str:
    """Return a moment in words: "the date 2026-10-05", "the time 12:30"."""
    if isinstance(when, datetime.time):
        return f"the time {when:%H:%M}" + (f":{when:%S}" if when.second else "")
    clock = f" {when:%H:%M}" if when.time() != datetime.time() else ""
    return f"the date {when.date().isoformat()}{clock}"


def typed_forms(when: datetime.datetime | datetime.time) -> str:
    """Return what was perhaps typed: "5-10, 5/10 or 5.10 (day first), 10-5 or 10/5 (month first)"."""
    if isinstance(when, datetime.time):
        return f"{when.hour}:{when:%M}"
    day, month, year = when.day, when.month, when.year
    forms = [
        f"{day}-{month}, {day}/{month} or {day}.{month} (day first)",
        f"{month}-{day} or {month}/{day} (month first)",
    ]
    if day == month:
        forms = [f"{day}-{month}, {day}/{month} or {day}.{month}"]
    if day == 1:
        forms.append(f"{month}-{year % 100:02d} or {month}/{year} (month and year)")
    return ", ".join(forms)
