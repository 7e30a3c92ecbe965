"""What is said of the costs of a statement, against what was measured: tests/tools/facts.py."""
import pytest

import facts


@pytest.fixture(scope="module")
def truth(server):
    setup, _ = facts.read(facts.OWN)
    truth = facts.Truth(server, setup["sql"])
    yield truth
    truth.connection.close()
    server.psql(f"drop database {facts.DATABASE}")


@pytest.fixture
def known(truth):
    found = truth.known(facts.read(facts.OWN)[1])
    if not found:
        pytest.skip(f"nothing was measured on PostgreSQL {truth.version}")
    return found


def test_the_facts_are_facts(truth, known):
    assert {fact["id"]: fact["versions"][truth.version] for fact in known} == {
        fact["id"]: truth.measure(fact["sql"]) for fact in known}


@pytest.mark.parametrize("asked", [False, True])
def test_nothing_dangerous_is_called_harmless(asked, truth, known):
    counts, weaker, lines = facts.compare(truth, known, truth.conninfo if asked else None)
    assert not facts.faults(counts, weaker), "\n".join(lines)
    # Whoever may ask knows nearly all; what is left are forms that refuse the copy.
    assert not asked or counts[True, "unknown"] + counts[False, "unknown"] < len(known) * 0.08
