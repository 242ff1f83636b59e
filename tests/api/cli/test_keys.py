"""`c360 keys`: made, shown, taken back from the shell."""

from __future__ import annotations

from tests.api.cli.calls import Shell


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(graph_shell: Shell) -> None:
    """Only the making prints the key, alone on standard output; the list tells state and role."""
    made = graph_shell("keys", "create", "dashboard", "--role", "analyst", "--days", "90")
    as_json = graph_shell("keys", "create", "desk", "--json")
    listed = graph_shell("keys", "list")
    id = as_json.json["id"]
    revoked = graph_shell("keys", "revoke", id)
    state = {key["name"]: (key["role"], key["state"]) for key in graph_shell("keys", "list", "--json").json}

    secret = made.out.strip().split("_", 2)[2]  # which may have underscores itself
    assert made.code == as_json.code == listed.code == revoked.code == 0, made.err + as_json.err + revoked.err
    assert made.out.startswith("c360_")
    assert len(made.out.splitlines()) == 1
    assert as_json.json["key"].startswith(f"c360_{id}_")
    assert secret not in listed.out + listed.err
    assert "dashboard" in listed.out
    assert state == {"dashboard": ("analyst", "in force"), "desk": ("reader", "revoked")}


def test_a_key_has_limits_of_its_own(graph_shell: Shell) -> None:
    """They are given when it is made, changed later, and shown."""
    made = graph_shell("keys", "create", "partner", "--limits", "rate=60, depth=8", "--json")
    changed = graph_shell("keys", "limit", made.json["id"], "rate=600")
    listed = graph_shell("keys", "list", "--json").json
    freed = graph_shell("keys", "limit", made.json["id"], "", "--json")

    assert made.json["limits"] == "rate=60 depth=8"
    assert "partner" in changed.out
    assert [key["limits"] for key in listed if key["name"] == "partner"] == ["rate=600"]
    assert freed.json["limits"] is None


def test_wrong_calls_are_named(graph_shell: Shell) -> None:
    """A role that is none, no name and an id of nothing end with 2 and what to do."""
    role = graph_shell("keys", "create", "x", "--role", "king")
    name = graph_shell("keys", "create", " ")
    id = graph_shell("keys", "revoke", "nothing")
    limits = graph_shell("keys", "create", "x", "--limits", "speed=9")

    assert (role.code, "king" in role.err) == (2, True)
    assert (name.code, "needs a name" in name.err) == (2, True)
    assert (id.code, "c360 keys list" in id.err) == (2, True)
    assert (limits.code, "'speed=9' is no limit" in limits.err) == (2, True)


def test_the_api_is_not_opened_to_the_world_without_a_token_or_a_key(graph_shell: Shell) -> None:
    """`serve --host 0.0.0.0` over a graph without keys ends with 2 and names both ways."""
    refused = graph_shell("serve", "--host", "0.0.0.0", "--port", "0")

    assert refused.code == 2
    assert "C360_API_TOKEN" in refused.err
    assert "c360 keys create" in refused.err.replace("\n", " ")
