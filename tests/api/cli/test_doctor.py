"""`c360 doctor`: what it finds in a house that is well, and in one where everything is wrong."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from graph.store.settings import StoreSettings
from tests.api.cli.calls import PEOPLE, Shell, persons_toml


def test_a_house_that_is_well(tmp_path: Path, embedded_settings: StoreSettings) -> None:
    """Everything is looked at, nothing is wrong, exit code 0."""
    shell = Shell(tmp_path, embedded_settings)
    shell.write("plugins.toml", persons_toml())
    shell.write("people.csv", PEOPLE)
    assert shell("sync").code == 0

    call = shell("doctor", "--json")
    told = shell("doctor")

    assert call.code == told.code == 0, call.out
    assert {finding["state"] for finding in call.json} <= {"ok", "warning"}
    about = {finding["about"] for finding in call.json}
    assert about == {"versions", "settings", "rules", "sources", "disk", "store", "schema", "clock", "sync"}
    assert "[crm] files" in told.out
    assert "crm: last read whole" in told.out


def test_everything_that_is_wrong_is_told_at_once_with_what_to_do(tmp_path: Path) -> None:
    """Two bad variables, a slip of the pen, an open secret, broken rules, a source without its file, no store there."""
    shell = Shell(tmp_path, StoreSettings("bolt://127.0.0.1:1"))
    shell.write("plugins.toml", persons_toml() + '[desk]\nconnector = "zendeks"\n')
    shell.write("rules.toml", "[matching]\nmatch_bitz = 3\n")
    token = shell.write("token", "0123456789abcdef0123456789abcdef")
    token.chmod(0o644)
    env = {
        "C360_API_TOKEN_FILE": str(token),
        "C360_LIMITS": "rate=fast",
        "C360_SLOW_QUERY_MS": "soon",
        "C360_INTROSPECTOIN": "admin",
    }

    call = shell("doctor", "--json", env=env)

    assert call.code == 1
    problems = " ".join(finding["found"] for finding in call.json if finding["state"] == "problem")
    for words in ("C360_LIMITS", "C360_SLOW_QUERY_MS", "match_bitz", "'zendeks'", "does not answer"):
        assert words in problems
    warnings = {finding["found"]: finding["remedy"] for finding in call.json if finding["state"] == "warning"}
    assert warnings["C360_INTROSPECTOIN is no setting"] == "Did you mean C360_INTROSPECTION?"
    assert "0123456789abcdef" not in call.out


def test_serve_tells_all_that_is_wrong_with_its_settings_at_once(tmp_path: Path) -> None:
    """Exit code 2 before anything is opened, a line each."""
    shell = Shell(tmp_path, StoreSettings(f"embedded:{tmp_path / 'graph'}"))
    shell.write("rules.toml", "[calendar\n")
    call = shell("serve", env={"C360_API_TOKEN": "short", "C360_SMTP_URL": "pigeon://roof"})
    assert call.code == 2
    for words in ("C360_API_TOKEN", "rules.toml", "C360_SMTP_URL"):
        assert words in call.err
    assert not (tmp_path / "graph").exists()


def test_a_kpi_that_there_is_not_is_told_with_the_one_that_is_meant(tmp_path: Path) -> None:
    """`doctor` tells it with its place, and so does `serve` before it goes on to what stops it."""
    shell = Shell(tmp_path, StoreSettings("bolt://127.0.0.1:1"))
    shell.write("plugins.toml", persons_toml())
    report = '[[report]]\ntitle = "Board"\nowner = "Ines Marl"\nkpis = ["csat", "csta", "csta"]\nwebhook = true\n'
    plan = '[[kpi]]\nkey = "npss"\n'
    shell.write("rules.toml", report + plan)

    examined, served = shell("doctor", "--json"), shell("serve", "--port", "0")

    of_plan, of_report = (finding["found"] for finding in examined.json if finding["about"] == "rules")
    assert "rules.toml: [[kpi]] npss: There is no KPI 'npss'." in of_plan
    assert "rules.toml: [[report]] Board: There is no KPI 'csta'. Did you mean 'csat'?" in of_report
    assert examined.code == 1
    assert served.err.count("[[report]] Board: There is no KPI 'csta'. Did you mean 'csat'?") == 1


def test_no_wrong_setting_hides_another(tmp_path: Path) -> None:
    """`serve` and `doctor` tell each of seventeen in a line of its own, and `serve` the port that is in use, too."""
    shell = Shell(tmp_path, StoreSettings(f"embedded:{tmp_path / 'graph'}"))
    wrong = {
        "C360_STORE": "http://somewhere",
        "C360_STORE_PASSWORD_FILE": "/no-such/password",
        "C360_LOG": "xml",
        "C360_TRUSTED_DOCUMENTS": "/no-such/manifest",
        "C360_OIDC_ISSUER": "http://issuer.example",
        "C360_OIDC_ALGORITHMS": "HS256",
        "C360_OIDC_ROLES": "boss=ada",
        "C360_OIDC_LEEWAY": "soon",
        "C360_OIDC_CLAIM": "sub",
        "C360_WEBHOOK_URL": "http://elsewhere.example",
        "C360_WEBHOOK_SECRET": "short",
        "C360_SMTP_URL": "pigeon://roof",
        "C360_SMTP_PASSWORD_FILE": "/no-such/mail",
        "C360_MAIL_FROM": "Ada",
        "C360_ALERTS_TO": "Bob",
        "C360_PUBLIC_URL": "ftp://elsewhere.example",
    }

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        served = shell("serve", "--port", str(port), env=wrong)
    examined = shell("doctor", "--json", env=wrong)

    assert served.code == 2
    names = {*wrong, "C360_OIDC_AUDIENCE", "Trusted documents"} - {"C360_TRUSTED_DOCUMENTS"}
    found = [finding["found"] for finding in examined.json if finding["state"] == "problem"]
    assert _told(found, names) == dict.fromkeys(names, 1)
    names |= {f"Port {port}"}
    assert _told(served.err.removeprefix("error: ").splitlines(), names) == dict.fromkeys(names, 1)
    assert not (tmp_path / "graph").exists()


def _told(lines: list[str], names: set[str]) -> dict[str, int]:
    """How many lines begin with each of the names, as a whole word."""
    return {name: sum(re.match(rf"{re.escape(name)}\b(?!_)", line) is not None for line in lines) for name in names}


def test_a_file_of_settings_beside_plugins_toml_is_read_and_the_environment_wins(
    tmp_path: Path, embedded_settings: StoreSettings
) -> None:
    """`.env` in the folder of --config gives what the environment does not."""
    shell = Shell(tmp_path, embedded_settings)
    shell.write(".env", "C360_SLOW_QUERY_MS=never\nC360_STORE=bolt://127.0.0.1:1\n")
    told = shell("doctor", "--json", env={"C360_SLOW_QUERY_MS": None})
    assert "C360_SLOW_QUERY_MS" in " ".join(finding["found"] for finding in told.json if finding["state"] == "problem")
    assert shell("doctor", env={"C360_SLOW_QUERY_MS": "500"}).code == 0


def test_an_upgrade_lists_its_steps_before_it_makes_them(tmp_path: Path) -> None:
    """A new store has all of them before it; after the upgrade there are none."""
    shell = Shell(tmp_path, StoreSettings(f"embedded:{tmp_path / 'graph'}"))
    plan = shell("store", "upgrade", "--dry-run", "--json")
    again = shell("store", "upgrade", "--dry-run", "--json")
    done = shell("store", "upgrade")
    assert plan.json == again.json
    assert [step["number"] for step in plan.json] == list(range(1, len(plan.json) + 1))
    assert done.code == 0
    assert shell("store", "upgrade").out.strip() == "The schema is up to date."
