"""Schema changes in and around transactions of the client's, in as few messages as it likes: they run as they
do without the proxy, and what we set around them is never seen from outside."""
from wire import Wire, errors, kinds, query

LOGIN = {"user": "postgres"}


def run(leg, database, *messages):
    """One session: each message's reply as its types, its SQLSTATEs and its first columns."""
    seen = []
    with Wire(leg, {**LOGIN, "database": database}) as wire:
        for message in messages:
            wire.send(message)
            reply = [one for one in wire.read_until_ready() if one[0] != b"N"]
            rows = [body[6:].decode() for kind, body in reply if kind == b"D"]
            seen.append((kinds(reply), errors(reply), rows))
    return seen


def test_set_transaction_and_ddl_in_one_message(same):
    """SET TRANSACTION must come before any query of its transaction; our questions are none."""
    seen = same(lambda leg, database: run(
        leg, database, query("begin"),
        query("set transaction isolation level serializable; create table item (a int)"),
        query("show transaction_isolation"), query("show lock_timeout"), query("rollback")))
    assert [reply[0] for reply in seen] == ["CZ", "CCZ", "TDCZ", "TDCZ", "CZ"]
    assert [reply[2] for reply in seen[2:4]] == [["serializable"], ["0"]]
