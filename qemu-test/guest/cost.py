# SPDX-License-Identifier: GPL-2.0-only
# cost.py ROUNDS COMMAND -- COMMAND [-- COMMAND...]: user time of each, taken in turns.
# Prints for each, in its order, milliseconds of user time a round.
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
sums = [0.0] * len(commands)
for _ in range(rounds):
    sums = [s + once(c) for s, c in zip(sums, commands)]
for s in sums:
    print(int(s * 1000 / rounds))
