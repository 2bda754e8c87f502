"""The console: pages for officers, made by the server, in Vietnamese and English.

A feature adds its pages without touching this package::

    authority/cases/pages.py       def pages() -> list[Page]
                                   def cards() -> list[Card]   (optional, for "today")
    authority/cases/messages.json  {"cases.title": {"vi": "…", "en": "…"}, …}
    authority/cases/templates/cases/list.html

and one line in `console/features.py`. Then navigation, languages, permission, CSRF
token, headers, error pages, the access walk, the browser's tests and `make screenshots`
know them.

A page is a value::

    Page(
        name="case",               # messages "page.case.title" and "page.case.help"
        path="/cases/{case}",      # below /console
        needs=reads(Area.CASES),   # checked before `answer` is called
        unit_of=unit_of_case,      # Visit -> Unit | None; None is answered with 404
        answer=show_case,          # Visit -> View
    )

- `kind` is `Kind.PAGE`, `FRAGMENT` (for htmx, no frame), `CSV`, or `ACT` (a POST; its
  CSRF token has been checked when `answer` runs). `nav` is the group in which a page is
  listed; only pages without parameters have one.
- `unit_of` names the unit of the thing in the address. The console answers 404 both
  when it is None and when the officer may not: nobody learns what exists. A page
  without it is open to whoever has the right in any unit, and has to narrow its rows
  with `visit.reach(action, table.c.unit)`, a condition of SQL.
- `Visit` has `authority`, `officer`, `parameters` (of the path), `query` and `form`
  (text within bounds: `visit.form.text("name", 200)`), `now_s`, `t(message, **values)`,
  `may(action, unit)`, and `note(connection, action, subject=…)`, the line of the audit.
- A view is `Html(template, context)`, `Redirect("/cases", done="cases.saved")`,
  `Csv("line-list", header, rows)` (formula-safe) or `Json`. Templates extend
  `console/frame.html` (a fragment extends nothing) and have `t`, `officer`, `visit`,
  `csrf` (the hidden input that every form has), `moment(t_s)` and `page_name`. The
  policy of the browser forbids inline scripts and styles.
- A refusal is an `ApiError` or a `PolicyError`: shown as a page, or in the form when
  `answer` catches it.

A deed that needs four eyes is a `Deed` of `accounts/four_eyes.py`. In the access walk,
`tests/integration/console_world.py` plants a thing in every unit; a page whose address
has a new parameter needs a plant there, or the walk fails.
"""
