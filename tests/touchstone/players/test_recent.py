from touchstone.players.recent import Recent


def test_what_was_not_used_for_longest_goes_first():
    recent: Recent[str, int] = Recent(2)
    recent.keep("a", 1)
    recent.keep("b", 2)
    assert recent.get("a") == 1
    recent.keep("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    assert len(recent) == 2


def test_a_value_that_is_kept_again_takes_no_more_room():
    recent: Recent[str, int] = Recent(2)
    for value in range(5):
        recent.keep("a", value)
    assert recent.items() == [("a", 4)]
