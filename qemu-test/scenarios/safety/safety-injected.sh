# SPDX-License-Identifier: GPL-2.0-only
# A packet that a packet socket injects on lo has no route to drop: it gains
# nothing from the rule, and stays what it was without it, a martian.
# spread: no
topology
unhole
capture wire peer eth0
counted=$(stat_unhole no_route)
must mausezahn -q lo -c 5 -a 00:00:00:00:00:00 -b 00:00:00:00:00:00 -A $BOX -B $FAR -t udp sp=1,dp=4000 -P injected
must mausezahn -q lo -c 5 -a 00:00:00:00:00:00 -b 00:00:00:00:00:00 -A 203.0.113.50 -B $FAR -t udp sp=1,dp=4000 -P injected
settled wire
is 'the target saw them, and passed them over' $(($(stat_unhole no_route) - counted)) 10
is 'none was unholed' "$(stat_unhole unholed)" 0
is 'none reached the wire' "$(seen wire 'udp dst port 4000')" 0
