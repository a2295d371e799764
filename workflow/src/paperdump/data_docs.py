"""Data Docs, the static site of the validation, made to work without a network.

Great Expectations writes pages that fetch scripts, styles and pictures from the web, and an index
that is empty without them. Here its pages are kept, without all of that; a stylesheet of our own
and an index of our own take their place.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_REMOTE = re.compile(
    r"<script\b.*?</script>"
    r"|<link\b[^>]*>"
    r"|<img\b[^>]*\bsrc=[\"']https?:[^>]*>"
    r"|<footer\b.*?</footer>"
    # the filter buttons and the tables' search work by those scripts
    r"|<div class=\"card mb-3\">\s*<div class=\"card-header p-2\">\s*<strong>Actions</strong>"
    r".*?(?=<div class=\"card d-md-block)",
    re.DOTALL,
)

_STYLE = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --bad: #c62828; --good: #2e7d32; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
h1 { font-size: 1.5em; } h4, h5, h6 { margin: 0; font-size: 1.05em; }
a { color: #1565c0; }
.navbar { padding: .6em 2em; border-bottom: 1px solid var(--line); height: auto !important; }
.breadcrumb { list-style: none; display: flex !important; gap: .5em; margin: 0; padding: 0; }
.breadcrumb li + li::before { content: "› "; }
.container-fluid { padding: 1em 2em; } .container-fluid .container-fluid { padding: 0; }
.container-fluid > .row { display: grid; grid-template-columns: minmax(12em, 1fr) 5fr; gap: 2em; }
.ge-section > .row { display: block; }
.sticky { position: sticky; top: 1em; }
.card-body nav, .card-body ul { max-height: none !important; } .card-body { max-height: 70vh; }
.nav { list-style: none; margin: 0; padding: .5em 0; } .nav-item { padding: .1em 0; }
.nav-link { word-break: normal !important; overflow-wrap: anywhere !important; }
.alert { background: var(--soft); padding: .5em 1em; margin: 1.2em 0 .4em; border-radius: 4px; }
table { border-collapse: collapse; width: 100%; margin: .4em 0; }
th, td { border-bottom: 1px solid var(--line); padding: .35em .6em; text-align: left; }
td, th { vertical-align: top; overflow-wrap: anywhere; } th { white-space: nowrap; }
.badge { background: var(--soft); border-radius: 4px; padding: 0 .3em; font-family: monospace; }
.fas { font-style: normal; font-weight: bold; }
.fa-check-circle::before { content: "✔"; color: var(--good); }
.fa-times::before { content: "✘"; color: var(--bad); }
.fa-exclamation-triangle::before { content: "⚠"; color: var(--bad); }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: bold; }
.d-none, [hidden] { display: none; } .d-md-block, .d-md-inline-flex { display: block; }
"""


def site_config(folder: Path) -> dict[str, Any]:
    """The configuration of a Data Docs site that is written to a folder."""
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder.resolve()),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def make_offline(folder: Path, document: Mapping[str, Any]) -> None:
    """Make a built site ask for nothing that is not in its folder, and give it a new index.

    Args:
        folder: The site as Great Expectations built it.
        document: The results of the validation.
    """
    shutil.rmtree(folder / "static", ignore_errors=True)
    (folder / "static").mkdir()
    (folder / "static" / "paperdump.css").write_text(_STYLE, "utf-8")
    for table in document["tables"]:
        # built as validations/<suite>/<run>/<time>/<asset>.html: the path would change every time
        built = next((folder / "validations" / table).rglob("*.html"))
        page = built.read_text("utf-8").replace("../../../../", "../")
        shutil.rmtree(folder / "validations" / table)
        (folder / "validations" / f"{table}.html").write_text(offline(page), "utf-8")
        suite = folder / "expectations" / f"{table}.html"
        suite.write_text(offline(suite.read_text("utf-8")), "utf-8")
    (folder / "index.html").write_text(index_page(document), "utf-8")


def offline(page: str) -> str:
    """A page of a subfolder without scripts, pictures and styles from the web."""
    page = _REMOTE.sub("", page)
    style = '<link rel="stylesheet" href="../static/paperdump.css">'
    return page.replace("</head>", f"  {style}\n  </head>", 1)


def index_page(document: Mapping[str, Any]) -> str:
    """The site's first page: a row per table, then what failed."""
    rows = []
    failures = []
    for table, outcome in document["tables"].items():
        results = outcome["results"]
        bad = [r for r in results if not r["success"]]
        critical = sum(r["severity"] == "critical" for r in bad)
        mark = '<span class="bad">✘</span>' if critical else '<span class="good">✔</span>'
        rows.append(
            f'<tr><td>{mark}</td><td><a href="validations/{table}.html">{table}</a></td>'
            f"<td>{outcome['rows']:,}</td><td>{len(results)}</td><td>{critical}</td>"
            f"<td>{len(bad) - critical}</td>"
            f'<td><a href="expectations/{table}.html">expectations</a></td></tr>'
        )
        failures += [
            f"<tr><td>{r['severity']}</td><td>{table}</td><td>{html.escape(r['column'] or '')}</td>"
            f"<td>{html.escape(r['meaning'])}</td><td>{_failed_rows(r)}</td></tr>"
            for r in bad
        ]
    failed = (
        "<h1>What failed</h1><table><thead><tr><th>Severity</th><th>Table</th><th>Column</th>"
        f"<th>Expected</th><th>Found</th></tr></thead><tbody>{''.join(failures)}</tbody></table>"
        if failures
        else "<p>All expectations passed.</p>"
    )
    return f"""<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1.0">
    <title>Data Docs of the release</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="static/paperdump.css">
  </head>
  <body>
    <div class="container-fluid">
      <h1>Validation of the release</h1>
      <p>{document["expectations"]} expectations ran: {document["passed"]} passed, of the others
      {document["failed_critical"]} are critical and {document["failed_warning"]} warnings.</p>
      <table>
        <thead><tr><th></th><th>Results</th><th>Rows</th><th>Expectations</th>
        <th>Failed, critical</th><th>Failed, warning</th><th>Suite</th></tr></thead>
        <tbody>{"".join(rows)}</tbody>
      </table>
      {failed}
    </div>
  </body>
</html>
"""


def _failed_rows(result: Mapping[str, Any]) -> str:
    if result["unexpected_rows"] is None:
        return html.escape(str(result["error"] or result["observed"]))
    first = result["first_rows"][:3]
    named = "; ".join(", ".join(f"{k}={v}" for k, v in row.items()) for row in first)
    return html.escape(f"{result['unexpected_rows']} rows" + (f", e.g. {named}" if named else ""))
