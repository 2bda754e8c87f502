"""Names, days and units as the demonstration page writes them: English, Vietnamese."""

from proximity.units import iso_day

Words = tuple[str, str]

UNITS = {
    "min": ("min", "phút"),
    "score": ("points", "điểm"),
    "risk": ("risk", "rủi ro"),
    "percent": ("%", "%"),
}
WEEKDAYS = (
    ("Monday", "thứ Hai"),
    ("Tuesday", "thứ Ba"),
    ("Wednesday", "thứ Tư"),
    ("Thursday", "thứ Năm"),
    ("Friday", "thứ Sáu"),
    ("Saturday", "thứ Bảy"),
    ("Sunday", "Chủ nhật"),
)
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
SCENARIOS = {
    "evening": ("Evening", "Buổi tối"),
    "lunch": ("Lunch", "Bữa trưa"),
    "train": ("Train", "Tàu hỏa"),
    "office": ("Office", "Văn phòng"),
    "queue": ("Queue", "Xếp hàng"),
    "party": ("Party", "Tiệc đứng"),
}
RULES = {
    "default": ("Own rule", "Quy tắc của máy"),
    "cwa-2020-12": ("German app, December 2020", "Ứng dụng Đức, 12/2020"),
    "cwa-2021-03": ("German app, March 2021", "Ứng dụng Đức, 3/2021"),
    "cwa-2022": ("German app, 2022", "Ứng dụng Đức, 2022"),
    "nhs": ("NHS app, England and Wales", "Ứng dụng NHS, Anh và xứ Wales"),
    "en-v1": ("Exposure Notification 1, an example", "Exposure Notification 1, ví dụ"),
    "en-v2": ("Exposure Notification 2", "Exposure Notification 2"),
}


def weekday_words(day: int) -> Words:
    """Return the weekday of a UTC day number."""
    # Day 0 of the epoch was a Thursday.
    return WEEKDAYS[(day + 3) % 7]


def date_words(day: int) -> Words:
    """Return a UTC day number as a date with its weekday."""
    year, month, of_month = (int(part) for part in iso_day(day).split("-"))
    weekday_en, weekday_vi = weekday_words(day)
    return (
        f"{weekday_en}, {of_month} {MONTHS[month - 1]} {year}",
        f"{weekday_vi}, {of_month}/{month}/{year}",
    )


def person_words(name: str) -> Words:
    """Return what to call somebody; of recorded people only a number is known."""
    if name.isdigit():
        return f"Person {name}", f"Người số {name}"
    return name, name


def scenario_words(name: str) -> Words:
    """Return the name of a scenario; one that is not known keeps its own."""
    return SCENARIOS.get(name, (name, name))


def rule_title(name: str) -> Words:
    """Return the title of a rule; one that is not known keeps its name."""
    return RULES.get(name, (name, name))
