"""Serial numbers of days, and what people type that a spreadsheet turns into them."""

import datetime

_LAST = 2_958_465  #: 31 December 9999
_DAY = 86_400  #: seconds


def moment(serial: float, date1904: bool = False) -> datetime.datetime | datetime.time | None:
    """Return the day, or the time of day below 1, of a serial number; None where no calendar has it."""
    from openpyxl.utils import datetime as calendar  # costs a quarter of a second, and few workbooks hold a date

    if not 0 <= serial <= _LAST:
        return None
    seconds = int(serial * _DAY + 0.5)
    try:
        found = calendar.from_excel(seconds / _DAY, calendar.MAC_EPOCH if date1904 else calendar.WINDOWS_EPOCH)
    except (OverflowError, ValueError):
        return None
    return found if isinstance(found, datetime.datetime | datetime.time) else None


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
