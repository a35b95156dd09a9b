"""Forks writers of the audit chain, kills each at a random moment, and says what `verify` finds then: one JSON object.

`python -m tests.crash.audit_bursts ROUNDS WRITERS` in the environment of a desk's home.
"""

import json
import os
import random
import signal
import sys
import time

import django

LONGEST_S = 0.6


def write_until_killed(pipe):
    """Appends without end and tells of each entry only after its commit."""
    from django.db import connection, transaction

    from jikim_desk.audit import chain
    from jikim_desk.audit.actions import Action
    from jikim_desk.audit.models import Entry

    connection.close()
    mine = os.getpid()
    for order in range(1_000_000):
        with transaction.atomic():
            chain.record(Action.VIEW, actor=None, facts={"writer": mine, "order": order})
            number = Entry.objects.order_by("-number").values_list("number", flat=True)[0]
        os.write(pipe, b"%d\n" % number)


def burst(writers, random_s):
    """Numbers that writers told of before they were killed."""
    from django.db import connection

    connection.close()
    reading, writing = os.pipe()
    children = []
    for _ in range(writers):
        child = os.fork()
        if child == 0:
            try:
                write_until_killed(writing)
            finally:
                os._exit(1)  # a fault: seen by the parent, who only expects to kill
        children.append(child)
    os.close(writing)
    time.sleep(random_s)
    for child in children:
        os.kill(child, signal.SIGKILL)
    ends = [os.waitpid(child, 0)[1] for child in children]
    with os.fdopen(reading) as told:
        return [int(line) for line in told if line.endswith("\n")], [end for end in ends if end != signal.SIGKILL]


def main(rounds, writers):
    """Everything that was acknowledged, and the verdict after each burst."""
    django.setup()
    from django.core.management import call_command

    from jikim_desk.audit import head
    from jikim_desk.audit.models import Entry
    from jikim_desk.audit.verifying import verify

    call_command("migrate", verbosity=0)
    dice = random.Random(7)
    acknowledged, faults, problems, lag, unheaded, before = [], [], [], 0, 0, 0
    for _ in range(rounds):
        told, ends = burst(writers, dice.uniform(0.0, LONGEST_S))
        acknowledged += told
        faults += ends
        verdict = verify()
        problems += [problem.key for problem in verdict.problems]
        found = head.read()
        reached = found.number if found else 0
        lag = max(lag, verdict.entries - max(reached, before))  # a burst too short to move the head leaves the lag before it
        unheaded += sum(number > reached for number in told)
        before = verdict.entries
    numbers = set(Entry.objects.values_list("number", flat=True))
    said = {
        "acknowledged": len(acknowledged),
        "doubled": len(acknowledged) - len(set(acknowledged)),
        "lost": len(set(acknowledged) - numbers),
        "entries": len(numbers),
        "faults": faults,
        "problems": problems,
        "lag": lag,
        "unheaded": unheaded,
        "tells": len(set(Entry.objects.values_list("facts", flat=True))),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
