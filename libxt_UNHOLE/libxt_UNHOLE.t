# SPDX-License-Identifier: GPL-2.0-only
# For iptables' own test runner (iptables-test.py): a rule, how it is saved, OK or FAIL.
:PREROUTING
*raw
-j UNHOLE;=;OK
-j UNHOLE --set-xmark 0x1/0xff;=;OK
-j UNHOLE --set-xmark 0x5;-j UNHOLE --set-xmark 0x5/0xffffffff;OK
-j UNHOLE --set-xmark 5/15;-j UNHOLE --set-xmark 0x5/0xf;OK
-j UNHOLE --set-xmark 0x0/0xff;=;OK
-j UNHOLE --set-xmark 0x0/0x0;-j UNHOLE;OK
-j UNHOLE --set-xmark 0x1ffffffff;;FAIL
-j UNHOLE --set-xmark -1;;FAIL
-j UNHOLE --set-xmark bogus;;FAIL
-j UNHOLE --set-xmark 0x1/0x1ffffffff;;FAIL
-j UNHOLE --set-xmark 0x1/-1;;FAIL
-j UNHOLE --set-xmark 0x1/;;FAIL
-j UNHOLE --set-xmark 0x1/zz;;FAIL
-j UNHOLE --set-xmark;;FAIL
-j UNHOLE --notrack;=;OK
-j UNHOLE --reset-ct;=;OK
-j UNHOLE --allow-local;=;OK
-j UNHOLE --set-xmark 0x1/0xff --notrack --allow-local;=;OK
-j UNHOLE --allow-local --reset-ct --set-xmark 0x1/0xff;-j UNHOLE --set-xmark 0x1/0xff --reset-ct --allow-local;OK
-j UNHOLE --notrack --reset-ct;;FAIL
-j UNHOLE --notrack --notrack;;FAIL
-j UNHOLE --frobnicate;;FAIL
*mangle
-j UNHOLE;=;OK
-j UNHOLE --set-xmark 0x1/0xff;=;OK
-j UNHOLE --notrack;=;OK
-j UNHOLE --allow-local;=;OK
-j UNHOLE --reset-ct;;FAIL
*nat
-j UNHOLE;;FAIL
:OUTPUT
*raw
-j UNHOLE;;FAIL
*mangle
-j UNHOLE;;FAIL
*filter
-j UNHOLE;;FAIL
:INPUT
*mangle
-j UNHOLE;;FAIL
