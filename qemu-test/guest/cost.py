# SPDX-License-Identifier: GPL-2.0-only
# cost.py ROUNDS COMMAND -- COMMAND [-- COMMAND...]: user time of each, taken in turns.
# Prints for each, in its order, milliseconds of user time of its cheapest round: what a host
# that has other things to do takes only adds to it.
import os
import sys


def once(command):
    before = os.times().children_user
    pid = os.fork()
    if not pid:
        os.dup2(os.open('/dev/null', os.O_WRONLY), 1)
        os.execvp(command[0], command)
    os.waitpid(pid, 0)
    return os.times().children_user - before


rounds, commands = int(sys.argv[1]), [[]]
for word in sys.argv[2:]:
    if word == '--':
        commands.append([])
    else:
        commands[-1].append(word)
least = [once(c) for c in commands]
for _ in range(rounds - 1):
    least = [min(t, once(c)) for t, c in zip(least, commands)]
for t in least:
    print(int(t * 1000))
