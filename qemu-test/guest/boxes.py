# SPDX-License-Identifier: GPL-2.0-only
# boxes.py [NAME...|print NAME]: rulesets in the shape of what people run, each with packets that are
# predicted, sent, and seen (packets.py), by their source ports: so clusters translate these
# not at random. The devices: cl0 is the LAN, up0 the uplink, up1
# the containers' bridge, a tunnel or a second uplink. Prints what differs or is not known,
# a line for each box, and the sums. "print NAME": its rules. SERVICES= is how many services a cluster has.
import os
import re
import socket
import sys

import more_boxes
from more_boxes import BOX, CLIENT, LAN, POD, WAN
from packets import FIRST, Sender, answers, arrivals, ask, fate_of, run, unhole_path

CLUSTER = '10.96.0.'
SERVICES = int(os.environ.get('SERVICES', '40'))
V6 = more_boxes.ADDRESSES6


def six(text):
    """The same, for IPv6."""
    for v4 in sorted(V6, key=len, reverse=True):
        text = text.replace(v4, V6[v4])
    # It has no broadcast
    text = '\n'.join(line for line in text.split('\n') if 'BROADCAST' not in line and '224.0.0.0' not in line)
    text = re.sub(r'(--to-destination) ([0-9a-f:]+):(\d+)$', r'\1 [\2]:\3', text, flags=re.M)
    return text.replace('-p icmp ', '-p ipv6-icmp ').replace('icmp-port-unreachable', 'icmp6-port-unreachable').replace(
        '127.0.0.0/8', '::1/128').replace('/32', '/128')


def restore(*tables):
    return '\n'.join(tables)


DOCKER = restore(f'''*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 198.18.0.0/24 ! -o up1 -j MASQUERADE
-A DOCKER -i up1 -j RETURN
-A DOCKER ! -i up1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {POD}:80
COMMIT
*filter
:INPUT ACCEPT
:FORWARD DROP
:OUTPUT ACCEPT
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o up1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o up1 -j DOCKER
-A FORWARD -i up1 ! -o up1 -j ACCEPT
-A FORWARD -i up1 -o up1 -j ACCEPT
-A DOCKER -d {POD}/32 ! -i up1 -o up1 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i up1 ! -o up1 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o up1 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT''')


def kube_iptables():
    nat = ['*nat', ':PREROUTING ACCEPT', ':INPUT ACCEPT', ':OUTPUT ACCEPT', ':POSTROUTING ACCEPT']
    chains = ['KUBE-SERVICES', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ', 'KUBE-NODEPORTS', 'KUBE-SEP-A', 'KUBE-SEP-B']
    rules = ['-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES', '-A OUTPUT -j KUBE-SERVICES',
             '-A POSTROUTING -j KUBE-POSTROUTING', '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
             '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0', '-A KUBE-POSTROUTING -j MASQUERADE',
             '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000']
    for name, host in (('A', POD), ('B', '198.18.0.3')):
        rules += [f'-A KUBE-SEP-{name} -s {host}/32 -j KUBE-MARK-MASQ',
                  f'-A KUBE-SEP-{name} -p tcp -m tcp -j DNAT --to-destination {host}:80']
    for i in range(1, SERVICES + 1):
        svc = f'KUBE-SVC-{i}'
        chains.append(svc)
        rules += [f'-A KUBE-SERVICES -d {CLUSTER}{i % 250 + 1}/32 -p tcp -m comment --comment "ns/svc{i}" -m tcp --dport {8000 + i // 250} -j {svc}',
                  f'-A {svc} ! -s 198.18.0.0/24 -d {CLUSTER}{i % 250 + 1}/32 -p tcp -m tcp -j KUBE-MARK-MASQ',
                  f'-A {svc} -m statistic --mode random --probability 0.5 -j KUBE-SEP-A', f'-A {svc} -j KUBE-SEP-B']
    rules += ['-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS', '-A KUBE-NODEPORTS -p tcp -m tcp --dport 30080 -j KUBE-SVC-1']
    filters = '''*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:KUBE-FORWARD - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-NO-ENDPOINTS - [0:0]
-A INPUT -m conntrack --ctstate NEW -j KUBE-NO-ENDPOINTS
-A INPUT -j KUBE-FIREWALL
-A OUTPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-NO-ENDPOINTS -d 10.96.0.77/32 -p tcp -m tcp --dport 8000 -j REJECT --reject-with icmp-port-unreachable
COMMIT'''
    return restore('\n'.join(nat + [f':{c} - [0:0]' for c in chains] + rules + ['COMMIT']), filters)


def kube_nft():
    ips = ',\n'.join(f'{CLUSTER}{i % 250 + 1} . tcp . {8000 + i // 250} : goto service-{i}' for i in range(1, SERVICES + 1))
    chains = '\n'.join(f''' chain service-{i} {{
  ip daddr {CLUSTER}{i % 250 + 1} tcp dport {8000 + i // 250} ip saddr != 198.18.0.0/24 jump mark-for-masquerade
  numgen random mod 2 vmap {{ 0 : goto endpoint-a, 1 : goto endpoint-b }}
 }}''' for i in range(1, SERVICES + 1))
    return f'''table ip kube-proxy {{
 set cluster-ips {{ type ipv4_addr; elements = {{ {", ".join(sorted({f"{CLUSTER}{i % 250 + 1}" for i in range(1, SERVICES + 1)}))} }}; }}
 set nodeport-ips {{ type ipv4_addr; elements = {{ {BOX} }}; }}
 map no-endpoint-services {{ type ipv4_addr . inet_proto . inet_service : verdict; elements = {{ 10.96.0.77 . tcp . 7999 : goto reject-chain }}; }}
 map service-ips {{ type ipv4_addr . inet_proto . inet_service : verdict; elements = {{ {ips} }}; }}
 map service-nodeports {{ type inet_proto . inet_service : verdict; elements = {{ tcp . 30080 : goto service-1 }}; }}
 chain mark-for-masquerade {{ meta mark set meta mark or 0x4000; }}
 chain masquerading {{ meta mark and 0x4000 == 0 return; meta mark set meta mark xor 0x4000; masquerade; }}
 chain reject-chain {{ reject; }}
 chain endpoint-a {{ ip saddr {POD} jump mark-for-masquerade; meta l4proto tcp dnat to {POD}:80; }}
 chain endpoint-b {{ ip saddr 198.18.0.3 jump mark-for-masquerade; meta l4proto tcp dnat to 198.18.0.3:80; }}
{chains}
 chain services {{
  ip daddr . meta l4proto . th dport vmap @service-ips
  ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
 }}
 chain no-endpoints {{ ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }}
 chain cluster-ips-check {{ ip daddr @cluster-ips reject; }}
 chain nat-prerouting {{ type nat hook prerouting priority -100; jump services; }}
 chain nat-output {{ type nat hook output priority -100; jump services; }}
 chain nat-postrouting {{ type nat hook postrouting priority 100; jump masquerading; }}
 chain filter-prerouting {{ type filter hook prerouting priority -110; ct state new jump no-endpoints; }}
 chain filter-forward {{ type filter hook forward priority -101; ct state new jump cluster-ips-check; }}
 chain filter-output {{ type filter hook output priority -99; ct state new jump cluster-ips-check; }}
}}'''


UFW = f'''*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT ACCEPT
:ufw-before-input - [0:0]
:ufw-before-forward - [0:0]
:ufw-user-input - [0:0]
:ufw-user-forward - [0:0]
:ufw-not-local - [0:0]
:ufw-after-input - [0:0]
:ufw-skip-to-policy-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A FORWARD -j ufw-before-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -p udp -m multiport --dports 5353,8000:8100 -j ACCEPT
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-user-forward -i cl0 -o up0 -p tcp -m tcp --dport 443 -j ACCEPT
-A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
-A ufw-skip-to-policy-input -j DROP
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
-A POSTROUTING -s {LAN} -o up0 -j MASQUERADE
COMMIT'''

FIREWALLD = f'''table inet firewalld {{
 chain mangle_PREROUTING {{ type filter hook prerouting priority -140; policy accept; jump mangle_PREROUTING_POLICIES; }}
 chain mangle_PREROUTING_POLICIES {{ iifname "cl0" jump mangle_PRE_internal; iifname "cl0" return; jump mangle_PRE_public; return; }}
 chain mangle_PRE_internal {{ return; }}
 chain mangle_PRE_public {{ return; }}
 chain nat_PREROUTING {{ type nat hook prerouting priority -90; policy accept; iifname "up0" tcp dport 8080 dnat ip to {POD}:80; }}
 chain nat_POSTROUTING {{ type nat hook postrouting priority 110; policy accept; oifname "up0" jump nat_POST_public; }}
 chain nat_POST_public {{ meta nfproto ipv4 oifname != "lo" masquerade; }}
 chain filter_PREROUTING {{
  type filter hook prerouting priority 10; policy accept;
  icmpv6 type {{ nd-router-advert, nd-neighbor-solicit }} accept
  meta nfproto ipv6 fib saddr . mark . iif oif missing drop
 }}
 chain filter_INPUT {{
  type filter hook input priority 10; policy accept;
  ct state {{ established, related }} accept
  ct status dnat accept
  iifname "lo" accept
  ct state invalid drop
  iifname "cl0" jump filter_IN_internal
  iifname "cl0" reject with icmpx admin-prohibited
  jump filter_IN_public
  reject with icmpx admin-prohibited
 }}
 chain filter_IN_internal {{ tcp dport 22 accept; udp dport 5353 accept; meta l4proto {{ icmp, ipv6-icmp }} accept; }}
 chain filter_IN_public {{ tcp dport 22 accept; meta l4proto {{ icmp, ipv6-icmp }} accept; }}
 chain filter_FORWARD {{
  type filter hook forward priority 10; policy accept;
  ct state {{ established, related }} accept
  ct status dnat accept
  iifname "lo" accept
  ct state invalid drop
  ip6 daddr {{ ::/96, ::ffff:0.0.0.0/96, 2002::/24 }} reject with icmpv6 addr-unreachable
  iifname "cl0" oifname "up0" jump filter_FWD_out
  reject with icmpx admin-prohibited
 }}
 chain filter_FWD_out {{ tcp dport {{ 80, 443 }} accept; udp dport 53 accept; meta l4proto {{ icmp, ipv6-icmp }} accept; }}
 chain filter_OUTPUT {{ type filter hook output priority 10; policy accept; ct state {{ established, related }} accept; oifname "lo" accept; }}
}}'''

FW4 = f'''table inet fw4 {{
 set blocked {{ type ipv4_addr; flags interval; elements = {{ 192.0.2.128/25, 203.0.113.200 }}; }}
 chain input {{
  type filter hook input priority 0; policy drop;
  iif "lo" accept
  ct state vmap {{ established : accept, related : accept }}
  tcp flags & (fin | syn | rst | ack) == syn jump syn_flood
  iifname "cl0" jump input_lan
  iifname "up0" jump input_wan
 }}
 chain forward {{
  type filter hook forward priority 0; policy drop;
  ct state vmap {{ established : accept, related : accept }}
  ip daddr @blocked drop
  iifname "cl0" jump forward_lan
  iifname "up0" jump forward_wan
  jump handle_reject
 }}
 chain output {{ type filter hook output priority 0; policy accept; oif "lo" accept; }}
 chain syn_flood {{ return; }}
 chain handle_reject {{ meta l4proto tcp reject with tcp reset; reject; }}
 chain input_lan {{ jump accept_from_lan; }}
 chain accept_from_lan {{ iifname "cl0" accept; }}
 chain input_wan {{ meta l4proto {{ icmp, ipv6-icmp }} accept; jump handle_reject; }}
 chain forward_lan {{ ct status dnat accept; jump accept_to_wan; }}
 chain forward_wan {{ ct status dnat accept; jump handle_reject; }}
 chain accept_to_wan {{ meta nfproto ipv4 oifname "up0" ct state invalid drop; oifname "up0" accept; }}
 chain dstnat {{ type nat hook prerouting priority -100; policy accept; iifname "up0" jump dstnat_wan; iifname "cl0" jump dstnat_lan; }}
 chain dstnat_wan {{ meta nfproto ipv4 tcp dport 8080 counter dnat ip to {POD}:80; }}
 chain dstnat_lan {{ ip saddr {LAN} ip daddr {BOX} tcp dport 8080 dnat ip to {POD}:80; }}
 chain srcnat {{ type nat hook postrouting priority 100; policy accept; oifname "up0" jump srcnat_wan; oifname "up1" jump srcnat_lan; }}
 chain srcnat_wan {{ meta nfproto ipv4 masquerade; }}
 chain srcnat_lan {{ ip saddr {LAN} ip daddr {POD} tcp dport 80 snat ip to 198.18.0.1; }}
 chain mangle_forward {{ type filter hook forward priority -150; policy accept; oifname "up0" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu; }}
}}'''

FAIL2BAN = f'''*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A FORWARD -m set --match-set blocklists dst -j DROP
-A FORWARD -m set --match-set ports src,dst -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -m set --match-set f2b src -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
COMMIT'''
IPSETS = f'create f2b hash:ip\nadd f2b {CLIENT}\ncreate blocked hash:net\nadd blocked 203.0.113.0/29\nadd blocked {WAN}/32 nomatch\n' \
         f'create ports hash:ip,port\nadd ports {CLIENT},udp:53\n' \
         f'create hosts hash:ip\nadd hosts {POD}\ncreate blocklists list:set\nadd blocklists hosts\nadd blocklists blocked\n'

WG_QUICK = '''table ip wg-quick-up1 {
 chain preraw { type filter hook prerouting priority -300; policy accept; iifname != "up1" ip daddr 198.18.0.1 fib saddr type != local drop; }
 chain premangle { type filter hook prerouting priority -150; policy accept; meta l4proto udp meta mark set ct mark; }
 chain postmangle { type filter hook postrouting priority -150; policy accept; meta l4proto udp meta mark 0x0000ca6c ct mark set meta mark; }
}'''
WG_RULES = ['rule add not fwmark 51820 lookup 51820 pref 200', 'rule add lookup main suppress_prefixlength 0 pref 199',
            'route add default via 198.18.0.2 dev up1 table 51820']

TAILSCALE = '''*filter
:INPUT ACCEPT
:FORWARD DROP
:OUTPUT ACCEPT
:ts-input - [0:0]
:ts-forward - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A FORWARD -i cl0 -o up0 -j ACCEPT
-A ts-input -s 198.18.0.1/32 -i lo -j ACCEPT
-A ts-input -s 100.64.0.0/10 ! -i up1 -j DROP
-A ts-input -i up1 -j ACCEPT
-A ts-forward -i up1 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o up1 -j DROP
-A ts-forward -o up1 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
:ts-postrouting - [0:0]
-A POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT'''
TAILSCALE_RULES = ['rule add fwmark 0x80000/0xff0000 lookup main pref 210', 'rule add fwmark 0x80000/0xff0000 unreachable pref 220',
                   'rule add lookup 52 pref 230', 'route add 100.100.0.0/16 via 198.18.0.2 dev up1 table 52']

MWAN3 = f'''*mangle
:PREROUTING ACCEPT
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
:mwan3_hook - [0:0]
:mwan3_ifaces_in - [0:0]
:mwan3_connected - [0:0]
:mwan3_rules - [0:0]
:mwan3_policy - [0:0]
-A PREROUTING -j mwan3_hook
-A OUTPUT -j mwan3_hook
-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_ifaces_in
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_connected
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_rules
-A mwan3_hook -j CONNMARK --save-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_ifaces_in -i up0 -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x100/0x3f00
-A mwan3_ifaces_in -i up1 -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x200/0x3f00
-A mwan3_connected -m set --match-set connected dst -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_rules -p tcp -m multiport --dports 443,8443 -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x200/0x3f00
-A mwan3_rules -m mark --mark 0x0/0x3f00 -j mwan3_policy
-A mwan3_policy -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x100/0x3f00
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
-A POSTROUTING -o up0 -j MASQUERADE
-A POSTROUTING -o up1 -j MASQUERADE
COMMIT'''
MWAN3_SETS = 'create connected hash:net\nadd connected 198.51.100.0/24\nadd connected 192.0.2.0/24\nadd connected 198.18.0.0/24\n'
MWAN3_RULES = ['rule add fwmark 0x100/0x3f00 lookup 61 pref 201', 'rule add fwmark 0x200/0x3f00 lookup 62 pref 202',
               'rule add fwmark 0x3f00/0x3f00 lookup main pref 203', 'route add default via 192.0.2.2 dev up0 table 61',
               'route add default via 198.18.0.2 dev up1 table 62']

LIBVIRT = '''*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:LIBVIRT_INP - [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_FWX - [0:0]
-A INPUT -j LIBVIRT_INP
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A LIBVIRT_INP -i up1 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_FWI -d 198.18.0.0/24 -o up1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o up1 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 198.18.0.0/24 -i up1 -j ACCEPT
-A LIBVIRT_FWO -i up1 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWX -i up1 -o up1 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
:LIBVIRT_PRT - [0:0]
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 198.18.0.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 198.18.0.0/24 ! -d 198.18.0.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 198.18.0.0/24 ! -d 198.18.0.0/24 -p udp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 198.18.0.0/24 ! -d 198.18.0.0/24 -j MASQUERADE
COMMIT'''

SHOREWALL = f'''*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT DROP
:loc-fw - [0:0]
:loc_frwd - [0:0]
:loc-net - [0:0]
:net-fw - [0:0]
:net_frwd - [0:0]
:fw-net - [0:0]
:fw-loc - [0:0]
:dynamic - [0:0]
:reject - [0:0]
:tcpflags - [0:0]
-A INPUT -i cl0 -j loc-fw
-A INPUT -i up0 -j net-fw
-A INPUT -i lo -j ACCEPT
-A INPUT -g reject
-A FORWARD -i cl0 -j loc_frwd
-A FORWARD -i up0 -j net_frwd
-A FORWARD -g reject
-A OUTPUT -o up0 -j fw-net
-A OUTPUT -o cl0 -j fw-loc
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -g reject
-A loc-fw -m conntrack --ctstate NEW,INVALID,UNTRACKED -j dynamic
-A loc-fw -p tcp -j tcpflags
-A loc-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A loc-fw -p tcp -m tcp --dport 22 -j ACCEPT
-A loc-fw -p icmp -j ACCEPT
-A loc-fw -g reject
-A loc_frwd -m conntrack --ctstate NEW,INVALID,UNTRACKED -j dynamic
-A loc_frwd -o up0 -j loc-net
-A loc-net -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A loc-net -p udp -m udp --dport 53 -j ACCEPT
-A loc-net -p tcp -m multiport --dports 80,443 -j ACCEPT
-A loc-net -p icmp -j ACCEPT
-A loc-net -g reject
-A net-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-fw -j DROP
-A net_frwd -j DROP
-A fw-net -j ACCEPT
-A fw-loc -j ACCEPT
-A tcpflags -p tcp -m tcp --tcp-flags FIN,PSH,URG FIN,PSH,URG -j DROP
-A tcpflags -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP
-A reject -m addrtype --src-type BROADCAST -j DROP
-A reject -s 224.0.0.0/4 -j DROP
-A reject -p tcp -j REJECT --reject-with icmp-port-unreachable
-A reject -j REJECT --reject-with icmp-port-unreachable
COMMIT'''

UPLINKS = '''table inet uplinks {
 chain pre { type filter hook prerouting priority -150; ct mark & 0xff != 0 meta mark set ct mark & 0xff; iifname up0 ct state new ct mark set 0x1; iifname up1 ct state new ct mark set 0x2; }
 chain out { type route hook output priority -150; ct mark & 0xff != 0 meta mark set ct mark & 0xff; }
 chain choose { type filter hook prerouting priority -140; iifname cl0 ct state new meta mark set 0x1; iifname cl0 tcp dport { 443, 8080 } meta mark set 0x2; }
 chain post { type nat hook postrouting priority 100; oifname up0 masquerade; oifname up1 masquerade; }
}'''
UPLINK_RULES = ['rule add fwmark 0x1/0xff lookup 61 pref 201', 'rule add fwmark 0x2/0xff lookup 62 pref 202',
                'rule add from 198.18.0.1 lookup 62 pref 204', 'rule add lookup main suppress_prefixlength 0 pref 150',
                'route add default via 192.0.2.2 dev up0 table 61', 'route add default via 198.18.0.2 dev up1 table 62']

# name: (families, iptables or nft, rules, ipset, ip)
BOXES = {
    'docker': ('46', 'iptables', DOCKER, '', []),
    'docker-legacy': ('4', 'iptables-legacy', DOCKER, '', []),
    'kube-iptables': ('4', 'iptables', kube_iptables(), '', []),
    'kube-nft': ('4', 'nft', kube_nft(), '', []),
    'ufw': ('46', 'iptables', UFW, '', []),
    'firewalld': ('4', 'nft', FIREWALLD, '', []),
    'firewalld6': ('6', 'nft', FIREWALLD, '', []),
    'fw4': ('4', 'nft', FW4, '', []),
    'fw4-6': ('6', 'nft', FW4, '', []),
    'fail2ban': ('4', 'iptables', FAIL2BAN, IPSETS, []),
    'wg-quick': ('4', 'nft', WG_QUICK, '', WG_RULES),
    'tailscale': ('4', 'iptables', TAILSCALE, '', TAILSCALE_RULES),
    'mwan3': ('4', 'iptables', MWAN3, MWAN3_SETS, MWAN3_RULES),
    'libvirt': ('4', 'iptables', LIBVIRT, '', []),
    'shorewall': ('46', 'iptables', SHOREWALL, '', []),
    'uplinks': ('4', 'nft', UPLINKS, '', UPLINK_RULES),
    **more_boxes.boxes(six),
}
# Those where SCTP is sent as well
WITH_SCTP = ('docker', 'kube-iptables', 'ufw', 'firewalld', 'fw4', 'shorewall')
SCTP = [('client', WAN, 'sctp', 36412), ('client', BOX, 'sctp', 36412), ('one', BOX, 'sctp', 36412), ('two', WAN, 'sctp', 36412)]
# who sends, to whom, with what
PACKETS = [
    ('client', WAN, 'tcp', 443), ('client', WAN, 'udp', 53), ('client', WAN, 'tcp', 80), ('client', WAN, 'icmp', 0),
    ('client', BOX, 'tcp', 8080), ('client', BOX, 'tcp', 22), ('client', BOX, 'udp', 5353), ('client', BOX, 'icmp', 0),
    ('client', POD, 'tcp', 80), ('client', '10.96.0.2', 'tcp', 8000), ('client', '10.96.0.2', 'udp', 8000), ('client', '203.0.113.3', 'tcp', 443),
    ('one', BOX, 'tcp', 8080), ('one', BOX, 'tcp', 30080), ('one', BOX, 'udp', 53), ('one', CLIENT, 'tcp', 22),
    ('two', WAN, 'tcp', 443), ('two', WAN, 'udp', 53), ('two', CLIENT, 'tcp', 80), ('two', BOX, 'tcp', 22),
    ('box', WAN, 'tcp', 443), ('box', WAN, 'icmp', 0), ('box', POD, 'tcp', 80), ('box', BOX, 'tcp', 8080), ('box', '10.96.0.2', 'tcp', 8000),
]
SOURCE = {'client': (CLIENT, 'cl0'), 'one': (WAN, 'up0'), 'two': (POD, 'up1')}
BEHIND = {'cl0': 'client', 'up0': 'one', 'up1': 'two'}


# As in path-boxes.sh
UNHOLE = '-t raw -A PREROUTING -i lo -j UNHOLE --set-xmark 0x400000/0xf00000'


def must(command):
    error = run(command)
    if error is not None:
        sys.exit(f'{" ".join(command)}: {error}')


def tool(how, family):
    return how.replace('iptables', 'iptables' if family == '4' else 'ip6tables') + '-restore'


def more(box):
    return box[4] if len(box) > 4 else {}


def put_up(box, family):
    how, rules, sets, ip = box[:4]
    for command in more(box).get('up', {}).get(family, []):
        error = run(command.split())
        if error is not None:
            return f'{command}: {error}'
    error = run(['ipset', 'restore'], sets) if sets else None
    if error is not None:
        return error
    for line in ip:
        must(['ip', f'-{family}'] + (line if family == '4' else six(line)).split())
    if how == 'nft':
        return run(['nft', '-f', '-'], rules)
    return restore_rules(how, family, rules if family == '4' else six(rules))


def restore_rules(how, family, rules):
    """What UNHOLE has in raw, goes with the rest of that table."""
    error = run([tool(how, family)], rules + '\n')
    if error is None and '*raw' in rules:
        must([tool(how, family)[:-len('-restore')], *UNHOLE.split()])
    return error


def take_down(box, family):
    how, rules, sets, ip = box[:4]
    if how == 'nft':
        for table in re.findall(r'^table (\S+ \S+) ', rules, re.M):
            run(['nft', 'delete', 'table'] + table.split())
    else:
        # Tables and chains' policies as they were
        empty = re.sub(r'^(?!\*|COMMIT|:\S+ (?:ACCEPT|DROP)).*\n', '', rules + '\n', flags=re.M).replace(' DROP', ' ACCEPT')
        restore_rules(how, family, empty)
    for line in reversed(ip):
        undo = line.replace(' add ', ' del ') if ' add ' in line else line.replace(' del ', ' add ')
        run(['ip', f'-{family}'] + (undo if family == '4' else six(undo)).split())
    if sets:
        run(['ipset', 'destroy'])
    for command in more(box).get('down', []):
        run((command if family == '4' else six(command)).split())


def holes(family, hole, lan):
    """What leads TCP to port 443 into it, and out of it."""
    nhid = ['nhid', '56'] if hole == 'lo' and family == '6' else ['dev', hole]
    ip = ['ip', f'-{family}']
    must(ip + ['route', 'replace', 'default', *nhid, 'table', '50'])
    if hole == 'nvi0':
        must(ip + ['rule', 'add', 'pref', '90', 'iif', 'nvi0', 'lookup', 'main'])
    else:
        must(ip + ['rule', 'add', 'pref', '90', 'iif', 'lo', 'fwmark', '0x400000/0xf00000', 'lookup', 'main'])
    must(ip + ['rule', 'add', 'pref', '91', 'iif', lan, 'ipproto', 'tcp', 'dport', '443', 'lookup', '50'])


def no_holes(family):
    for pref in ('90', '91'):
        run(['ip', f'-{family}', 'rule', 'del', 'pref', pref])


def doctor(box, alarms):
    """None of these boxes has a fault; but MASQUERADE at the uplink alone, where there is a hole."""
    out = unhole_path(['doctor'])
    for level, check, text in re.findall(r'"level":"(warn|bad)","check":"([^"]*)","text":"((?:[^"\\]|\\.)*)"', out):
        if box.endswith(' none') or check != 'masquerade-uplink':
            alarms.append(f'ALARM: {box}: {level} {check}: {text}')


def listener(kind, address, port, family):
    s = socket.socket(socket.AF_INET if family == '4' else socket.AF_INET6, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address if family == '4' else six(address), port))
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s


def packets_of(name, box, hole):
    packets = more(box).get('packets') or PACKETS + (SCTP if name in WITH_SCTP else [])
    # Once is enough for what the hole is not for
    return [p for p in packets if hole == 'none' or (p[0] == 'client' and p[3] == 443)]


def put(packet, family, port):
    """What is asked of it, who sends it, and how."""
    (ns, to, proto, dport), extra = packet[:4], packet[4] if len(packet) > 4 else {}
    src, dev = SOURCE.get(ns, ('-', None))
    src = extra.get('src', src)
    if family == '6':
        to, src, proto = six(to), six(src), proto.replace('icmp', 'icmpv6')
    question = ['to', to, 'ipproto', proto]
    if dport:
        question += ['sport', str(port), 'dport', str(dport)]
    if src != '-':
        question += ['from', src]
    if dev:
        question += ['iif', dev]
    if 'mark' in extra:
        question += ['mark', str(extra['mark'])]
    return question, ns, f'{proto} {src} {port} {to} {dport} 0 {extra.get("mark", 0)}', extra


def answer(out, question, port):
    """What is asked of its answer, who sends that, and how. Who listens (TCP) answers by itself."""
    dev, source = re.search(r'"egress":\{"dev":"([^"]*)".*?"source":"([^"]*)"', out).groups()
    words = dict(zip(question[::2], question[1::2]))
    far, fport = words['to'], words['dport']
    for to, to_port in re.findall(r'"type":"dnat","to":"([^"]*)"(?:,"port":(\d+))?', out):
        far, fport = to, to_port or fport
    proto = words['ipproto']
    asked = ['to', source, 'from', far, 'iif', dev, 'ipproto', proto, 'sport', fport, 'dport', str(port), 'conntrack']
    return asked, BEHIND.get(dev), f'{proto} {far} {fport} {source} {port} 0' if proto == 'udp' else None


def main():
    names = sys.argv[1:] or list(BOXES)
    senders = {ns: Sender(ns, '80', '443') for ns in ('client', 'one', 'two', 'box')}
    asked, left_out, alarms = [], [], []
    port = FIRST
    for name, family in [(n, f) for n in names for f in BOXES[n][0]]:
        box = BOXES[name][1:]
        error = put_up(box, family)
        listeners = [listener(*one, family) for one in more(box).get('listeners', [])]
        for hole in ('none', 'nvi0', 'lo') if error is None else ():
            if hole != 'none':
                holes(family, hole, more(box).get('lan', {}).get(family, 'cl0'))
            where = f'{name} ipv{family} {hole}'
            doctor(where, alarms)
            for packet in packets_of(name, box, hole):
                if family == '6' and packet[1] not in V6:
                    continue
                question, ns, line, extra = put(packet, family, port)
                out = unhole_path(question)
                asked.append((port, *fate_of(out), where, question, False))
                senders[ns].send(line)
                if extra.get('reply') and asked[-1][1].startswith(('up', 'cl')):
                    question, ns, line = answer(out, question, port)
                    asked.append((port, *ask(question), where, question, True))
                    if line:
                        senders[ns].send(line)
                port += 1
            no_holes(family)
        if error is not None:
            left_out.append(f'{name}: {error.partition(chr(10))[0]}')
        for s in listeners:
            s.close()
        take_down(box, family)
    for s in senders.values():
        s.close()
    for line in alarms:
        print(line)
    judge(asked, left_out, len(alarms))


# What the devices' other ends are named by
ALIAS = {'cilium_host': 'up1'}


def judge(asked, left_out, alarms):
    arrived, answered, sums = arrivals(), answers(), {}
    for port, fate, reason, why, box, question, is_answer in asked:
        real = (answered if is_answer else arrived).get(port, 'none')
        one = sums.setdefault(box.split()[0], [0, 0, 0])
        one[0] += 1
        if fate == 'unknown':
            one[2] += 1
            print(f'unknown: {box}: {" ".join(question)}: {why}')
        elif ALIAS.get(fate, fate) != real:
            one[1] += 1
            print(f'WRONG: {box}: it said {fate}, {reason} ({why}), and the packet: {real}: unhole-path {" ".join(question)}')
    for line in left_out:
        print(f'left out: {line}')
    for name, (n, wrong, unknown) in sums.items():
        print(f'{name}: {n} packets, {wrong} wrong, {unknown} unknown')
    print('boxes', len(sums), 'packets', len(asked), 'wrong', sum(s[1] for s in sums.values()), 'unknown', sum(s[2] for s in sums.values()),
          'fates', len({(a[1], a[2]) for a in asked}), 'alarms', alarms, 'answers', sum(a[6] for a in asked))


if sys.argv[1:2] == ['print']:
    print(BOXES[sys.argv[2]][2])
else:
    main()
