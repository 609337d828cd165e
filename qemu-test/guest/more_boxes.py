# SPDX-License-Identifier: GPL-2.0-only
# More of boxes.py: boxes that have more than rules, and packets of their own: nodes of clusters
# with Cilium, Calico and IPVS; a router of customers' VRFs; several uplinks with strict
# rp_filter. A packet's last part is what else there is of it: its source, its mark, or
# that its answer is asked for and looked at, too.
import socket

LAN, POD, WAN = '198.51.100.0/24', '198.18.0.2', '203.0.113.7'
BOX, CLIENT = '192.0.2.1', '198.51.100.2'
OTHER, FAR2 = '198.18.0.3', '203.0.113.77'
# Cilium's other node's pods; services
REMOTE, SVC, DNS, SCTP_SVC = '198.18.1.7', '10.96.1.2', '10.96.1.10', '10.96.1.4'
REPLY = {'reply': True}


def tables(**rules):
    """Of each table its rules; chains are made as they are named."""
    out = []
    for name, text in rules.items():
        lines = [line.strip() for line in text.strip().split('\n')]
        users = {line.split()[1] for line in lines if line[0] == '-'} - {'PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'}
        hooks = {'raw': 'PREROUTING OUTPUT', 'mangle': 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING',
                 'nat': 'PREROUTING INPUT OUTPUT POSTROUTING', 'filter': 'INPUT FORWARD OUTPUT'}[name].split()
        policies = dict(line[1:].split()[:2] for line in lines if line[0] == ':')
        out += [f'*{name}'] + [f':{h} {policies.get(h, "ACCEPT")}' for h in hooks]
        out += [f':{c} - [0:0]' for c in sorted(users - set(policies))] + [line for line in lines if line[0] == '-'] + ['COMMIT']
    return '\n'.join(out)


# Here the pods' devices, lxc+, are one: up1.
CILIUM = tables(raw='''
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_raw" -j CILIUM_PRE_raw
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_raw" -j CILIUM_OUTPUT_raw
-A CILIUM_PRE_raw -m mark --mark 0x200/0xf00 -m comment --comment "cilium: NOTRACK for proxy traffic" -j CT --notrack
-A CILIUM_OUTPUT_raw -o up1 -m mark --mark 0xa00/0xfffffeff -m comment --comment "cilium: NOTRACK for proxy return traffic" -j CT --notrack
-A CILIUM_OUTPUT_raw -o cilium_host -m mark --mark 0xa00/0xfffffeff -j CT --notrack
-A CILIUM_OUTPUT_raw -o up1 -m mark --mark 0x800/0xe00 -m comment --comment "cilium: NOTRACK for L7 proxy upstream traffic" -j CT --notrack
-A CILIUM_OUTPUT_raw -o cilium_host -m mark --mark 0x800/0xe00 -j CT --notrack''', mangle='''
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_mangle" -j CILIUM_PRE_mangle
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_mangle" -j CILIUM_POST_mangle
-A CILIUM_PRE_mangle ! -o lo -m socket --transparent -m mark ! --mark 0xe00/0xf00 -m mark ! --mark 0x800/0xf00 -m comment --comment "cilium: any->pod redirect proxied traffic to host proxy" -j MARK --set-xmark 0x200/0xffffffff
-A CILIUM_PRE_mangle -p tcp -m mark --mark 0x3d3f0200 -j TPROXY --on-port 16189 --on-ip 127.0.0.1 --tproxy-mark 0x200/0xffffffff
-A CILIUM_PRE_mangle -p udp -m mark --mark 0x3d3f0200 -j TPROXY --on-port 16189 --on-ip 127.0.0.1 --tproxy-mark 0x200/0xffffffff
-A CILIUM_POST_mangle -o cilium_net -j MARK --set-xmark 0x0/0x0''', nat=f'''
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_nat" -j CILIUM_PRE_nat
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_nat" -j CILIUM_OUTPUT_nat
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
-A CILIUM_PRE_nat -i cilium_net -j RETURN
-A CILIUM_OUTPUT_nat -o cilium_net -j RETURN
-A CILIUM_POST_nat -s 198.18.0.0/24 ! -d 198.18.0.0/24 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE
-A CILIUM_POST_nat -m mark --mark 0xa00/0xe00 -m comment --comment "exclude proxy return traffic from masquerade" -j ACCEPT
-A CILIUM_POST_nat ! -s 198.18.0.0/24 ! -d 198.18.0.0/24 -o cilium_host -j SNAT --to-source 198.18.0.1
-A CILIUM_POST_nat -o cilium_host -m mark --mark 0xf00/0xf00 -m conntrack --ctstate DNAT -m comment --comment "hairpin traffic that originated from a local pod" -j SNAT --to-source 198.18.0.1''', filter='''
:FORWARD DROP
-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT" -j CILIUM_OUTPUT
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A FORWARD -i cl0 -j ACCEPT
-A FORWARD -o cl0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CILIUM_INPUT -m mark --mark 0x200/0xf00 -m comment --comment "cilium: ACCEPT for proxy traffic" -j ACCEPT
-A CILIUM_FORWARD -o cilium_host -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j ACCEPT
-A CILIUM_FORWARD -i cilium_host -j ACCEPT
-A CILIUM_FORWARD -i up1 -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT
-A CILIUM_FORWARD -o up1 -j ACCEPT
-A CILIUM_FORWARD -i cilium_net -j ACCEPT
-A CILIUM_OUTPUT -m mark --mark 0xa00/0xe00 -m comment --comment "cilium: ACCEPT for proxy return traffic" -j ACCEPT
-A CILIUM_OUTPUT -m mark --mark 0x800/0xe00 -m comment --comment "cilium: ACCEPT for l7 proxy upstream traffic" -j ACCEPT
-A CILIUM_OUTPUT -m mark ! --mark 0xe00/0xf00 -m mark ! --mark 0xd00/0xf00 -m mark ! --mark 0x400/0xf00 -m mark ! --mark 0xa00/0xe00 -m mark ! --mark 0x800/0xe00 -m mark ! --mark 0xf00/0xf00 -m comment --comment "cilium: host->any mark as from host" -j MARK --set-xmark 0xc00/0xf00''')
CILIUM_RULES = ['rule add pref 100 lookup local', 'rule del pref 0 lookup local', 'rule add pref 9 fwmark 0x200/0xf00 lookup 2004',
                'rule add pref 10 fwmark 0xa00/0xf00 lookup 2005', 'route add local default dev lo table 2004',
                'route add default dev cilium_host table 2005', 'route add 198.18.1.0/24 dev cilium_host']
CILIUM_UP = ['ip link add cilium_host address 02:00:00:00:01:01 type veth peer name cilium_net address 02:00:00:00:01:02 netns two',
             'ip -n two link set cilium_net up', 'ip link set cilium_host up', f'ip neigh add {REMOTE} lladdr 02:00:00:00:01:02 dev cilium_host',
             f'ip neigh add {WAN} lladdr 02:00:00:00:01:02 dev cilium_host']
# Sockets that its match for transparent ones passes over: of loopback, and of all addresses
PROXIES = [(socket.SOCK_STREAM, '127.0.0.1', 22), (socket.SOCK_DGRAM, '', 53)]
CILIUM_PACKETS = [
    ('client', WAN, 'tcp', 443), ('client', WAN, 'udp', 53, REPLY), ('client', WAN, 'sctp', 36412), ('client', POD, 'tcp', 80, REPLY),
    ('client', POD, 'icmp', 0), ('client', BOX, 'udp', 53), ('client', BOX, 'tcp', 22), ('client', REMOTE, 'udp', 53),
    ('two', WAN, 'tcp', 443, REPLY), ('two', WAN, 'sctp', 36412), ('two', WAN, 'udp', 53, REPLY), ('two', BOX, 'tcp', 22), ('two', REMOTE, 'tcp', 80),
    ('one', POD, 'udp', 53), ('one', CLIENT, 'tcp', 22), ('box', WAN, 'tcp', 443, REPLY), ('box', POD, 'udp', 53), ('box', REMOTE, 'tcp', 80),
    ('box', WAN, 'udp', 53, {'mark': 0x200}), ('box', WAN, 'udp', 53, {'mark': 0xa00}), ('box', POD, 'tcp', 80, {'mark': 0x800}),
]


def calico(n):
    """Here the one workload's device, cali+, is up1. n: 4 or 6."""
    s = f'cali{n}0'
    icmp = 'icmp' if n == 4 else 'ipv6-icmp'
    policy = f'''-A cali-pi-web -p tcp -m set --match-set {s}s:clients src -m multiport --dports 80,8080 -j MARK --set-xmark 0x10000/0x10000
-A cali-pi-web -p {icmp} -j MARK --set-xmark 0x10000/0x10000
-A cali-pi-web -p sctp -m multiport --dports 36412 -j MARK --set-xmark 0x10000/0x10000
-A cali-po-web ! -d 203.0.113.96/28 -m set ! --match-set {s}this-host dst -j MARK --set-xmark 0x10000/0x10000'''

    def endpoint(way):
        chain, other = f'cali-{way}w-cali1', 'pi' if way == 't' else 'po'
        return f'''-A {chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A {chain} -m conntrack --ctstate INVALID -j DROP
-A {chain} -m comment --comment "cali:abc" -j MARK --set-xmark 0x0/0x30000
-A {chain} -m comment --comment "Start of tier default" -j MARK --set-xmark 0x0/0x20000
-A {chain} -m mark --mark 0x0/0x20000 -j cali-{other}-web
-A {chain} -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A {chain} -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x20000 -j DROP'''

    return tables(raw=f'''
-A PREROUTING -m comment --comment "cali:6gwb" -j cali-PREROUTING
-A OUTPUT -j cali-OUTPUT
-A cali-PREROUTING -j MARK --set-xmark 0x0/0xf0000
-A cali-PREROUTING -i up1 -j MARK --set-xmark 0x40000/0x40000
-A cali-PREROUTING -m mark --mark 0x40000/0x40000 -j cali-rpf-skip
-A cali-PREROUTING -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
-A cali-PREROUTING -m mark --mark 0x0/0x40000 -j cali-from-host-endpoint
-A cali-PREROUTING -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT -j MARK --set-xmark 0x0/0xf0000
-A cali-OUTPUT -j cali-to-host-endpoint
-A cali-OUTPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-rpf-skip -s 198.18.0.99/32 -j ACCEPT
-A cali-from-host-endpoint -i up0 -g cali-fh-up0
-A cali-fh-up0 -p udp -m multiport --dports 53 -j cali-untracked
-A cali-untracked -j MARK --set-xmark 0x10000/0x10000
-A cali-untracked -m mark --mark 0x10000/0x10000 -j CT --notrack
-A cali-to-host-endpoint -o up0 -p udp -m multiport --sports 53 -j CT --notrack''', mangle='''
-A PREROUTING -j cali-PREROUTING
-A POSTROUTING -j cali-POSTROUTING
-A cali-PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-PREROUTING -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-POSTROUTING -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-POSTROUTING -j MARK --set-xmark 0x0/0xf0000
-A cali-POSTROUTING -m conntrack --ctstate DNAT -j cali-to-host-endpoint
-A cali-to-host-endpoint -m mark --mark 0x10000/0x10000 -j RETURN''', nat=f'''
-A PREROUTING -j cali-PREROUTING
-A OUTPUT -j cali-OUTPUT
-A POSTROUTING -j cali-POSTROUTING
-A cali-PREROUTING -j cali-fip-dnat
-A cali-OUTPUT -j cali-fip-dnat
-A cali-fip-dnat -d {BOX}/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {POD}:80
-A cali-POSTROUTING -j cali-fip-snat
-A cali-POSTROUTING -j cali-nat-outgoing
-A cali-POSTROUTING -o up1 -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL -j MASQUERADE
-A cali-fip-snat -s 198.18.0.98/32 -j SNAT --to-source {BOX}
-A cali-nat-outgoing -m set --match-set {s}masq-ipam-pools src -m set ! --match-set {s}all-ipam-pools dst -j MASQUERADE''', filter=f'''
:FORWARD DROP
-A INPUT -j cali-INPUT
-A FORWARD -j cali-FORWARD
-A FORWARD -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT
-A FORWARD -i cl0 ! -o up1 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -j cali-OUTPUT
-A cali-FORWARD -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -m mark --mark 0x0/0x10000 -j cali-from-hep-forward
-A cali-FORWARD -i up1 -j cali-from-wl-dispatch
-A cali-FORWARD -o up1 -j cali-to-wl-dispatch
-A cali-FORWARD -j cali-cidr-block
-A cali-cidr-block -d 203.0.113.128/25 -j DROP
-A cali-from-hep-forward -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-INPUT -p 4 -m set --match-set {s}this-host dst -m addrtype --dst-type LOCAL -j ACCEPT
-A cali-INPUT -p 4 -j DROP
-A cali-INPUT -i up1 -g cali-wl-to-host
-A cali-INPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-INPUT -j MARK --set-xmark 0x0/0xf0000
-A cali-wl-to-host -p {icmp} -j ACCEPT
-A cali-wl-to-host -p tcp -m tcp --dport 53 -j ACCEPT
-A cali-wl-to-host -j cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "Configured DefaultEndpointToHostAction" -j ACCEPT
-A cali-OUTPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT -o up1 -j RETURN
-A cali-OUTPUT -j MARK --set-xmark 0x0/0xf0000
-A cali-from-wl-dispatch -i up1 -g cali-fw-cali1
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-to-wl-dispatch -o up1 -g cali-tw-cali1
-A cali-to-wl-dispatch -m comment --comment "Unknown interface" -j DROP
{endpoint("f")}
{endpoint("t")}
{policy}''')


def calico_sets(n):
    s, family, bits = f'cali{n}0', 'inet' if n == 4 else 'inet6', 24 if n == 4 else 64
    pool, clients, box = ('198.18.0.0', LAN, BOX) if n == 4 else ('2001:db8:4::', '2001:db8:1::/64', '2001:db8:2::1')
    return '\n'.join([f'create {s}{name} hash:{kind} family {family}' for name, kind in (
        ('masq-ipam-pools', 'net'), ('all-ipam-pools', 'net'), ('s:clients', 'net'), ('this-host', 'ip'))] + [
            f'add {s}masq-ipam-pools {pool}/{bits}', f'add {s}all-ipam-pools {pool}/{bits}', f'add {s}s:clients {clients}', f'add {s}this-host {box}', ''])


CALICO_PACKETS = [
    ('client', POD, 'tcp', 80, REPLY), ('client', POD, 'tcp', 22), ('client', POD, 'icmp', 0), ('client', POD, 'udp', 53),
    ('client', POD, 'sctp', 36412), ('client', POD, 'sctp', 36413), ('client', BOX, 'tcp', 8080, REPLY), ('client', WAN, 'tcp', 443),
    ('client', WAN, 'udp', 53, REPLY), ('two', WAN, 'tcp', 443, REPLY), ('two', WAN, 'sctp', 36412), ('two', '203.0.113.100', 'udp', 53),
    ('two', BOX, 'tcp', 22), ('two', BOX, 'icmp', 0), ('two', CLIENT, 'udp', 53), ('two', WAN, 'udp', 53, {'src': FAR2}),
    ('one', BOX, 'udp', 53), ('one', BOX, 'tcp', 8080), ('one', CLIENT, 'tcp', 22), ('box', POD, 'tcp', 80), ('box', WAN, 'udp', 53, REPLY),
    ('box', BOX, 'tcp', 8080), ('box', POD, 'udp', 53, {'src': BOX}),
]


def kube_ipvs(n):
    s = 'KUBE-' if n == 4 else 'KUBE-6-'
    return tables(nat=f'''
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN
-A KUBE-SERVICES -m comment --comment "Kubernetes service lb portal" -m set --match-set {s}LOAD-BALANCER dst,dst -j KUBE-LOAD-BALANCER
-A KUBE-SERVICES ! -s 198.18.0.0/24 -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set {s}CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-SERVICES -m set --match-set {s}CLUSTER-IP dst,dst -j ACCEPT
-A KUBE-SERVICES -m set --match-set {s}LOAD-BALANCER dst,dst -j ACCEPT
-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODE-PORT -p tcp -m comment --comment "Kubernetes nodeport TCP port for masquerade purpose" -m set --match-set {s}NODE-PORT-TCP dst -j KUBE-MARK-MASQ
-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set {s}LOOP-BACK dst,dst,src -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE''', filter=f'''
:FORWARD DROP
-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
-A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER
-A FORWARD -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -i cl0 ! -o up1 -j ACCEPT
-A FORWARD -i up1 ! -o up1 -j ACCEPT
-A KUBE-IPVS-FILTER -m set --match-set {s}LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set {s}CLUSTER-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set {s}HEALTH-CHECK-NODE-PORT dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set {s}IPVS-IPS dst -j REJECT --reject-with icmp-port-unreachable
-A KUBE-IPVS-OUT-FILTER -d {POD}/32 -p tcp -m tcp --dport 23 -j DROP
-A KUBE-NODE-PORT -m comment --comment "Kubernetes health check node port" -m set --match-set {s}HEALTH-CHECK-NODE-PORT dst -j ACCEPT
-A KUBE-PROXY-FIREWALL -m set --match-set {s}LOAD-BALANCER-FW dst,dst -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT''')


def kube_ipvs_sets(n, six):
    s, family = ('KUBE-', 'inet') if n == 4 else ('KUBE-6-', 'inet6')
    kinds = {'CLUSTER-IP': 'hash:ip,port', 'LOAD-BALANCER': 'hash:ip,port', 'LOAD-BALANCER-FW': 'hash:ip,port', 'LOOP-BACK': 'hash:ip,port,ip',
             'IPVS-IPS': 'hash:ip'}
    lines = [f'create {s}{name} {kind} family {family}' for name, kind in kinds.items()]
    lines += [f'create {s}{name} bitmap:port range 0-65535' for name in ('NODE-PORT-TCP', 'HEALTH-CHECK-NODE-PORT')]
    lines += [f'add {s}NODE-PORT-TCP 30080', f'add {s}HEALTH-CHECK-NODE-PORT 32000', f'add {s}LOAD-BALANCER-FW 10.96.1.99,tcp:80',
              f'add {s}LOOP-BACK {POD},tcp:80,{POD}', f'add {s}LOOP-BACK {OTHER},tcp:80,{OTHER}']
    for address, port in ((SVC, 'tcp:8000'), (DNS, 'udp:53'), (SCTP_SVC, 'sctp:36412')):
        lines += [f'add {s}CLUSTER-IP {address},{port}', f'add {s}IPVS-IPS {address}']
    text = '\n'.join(lines) + '\n'
    return text if n == 4 else six(text)


def server(text, port):
    return f'[{text}]:{port}' if ':' in text else f'{text}:{port}'


def kube_ipvs_up(n, six):
    at = six if n == 6 else str
    up = ['ip link add kube-ipvs0 type dummy', 'sysctl -qw net.ipv4.vs.conntrack=1']
    up += [f'ip addr add {at(a)}/{32 if n == 4 else 128} dev kube-ipvs0{" nodad" if n == 6 else ""}' for a in (SVC, DNS, SCTP_SVC)]
    up += ['ip link set kube-ipvs0 up'] if n == 6 else []
    for kind, a, port, to, servers in (('-t', SVC, 8000, 80, (POD, OTHER)), ('-u', DNS, 53, 53, (POD,)), ('--sctp-service', SCTP_SVC, 36412, 36412, (POD,)),
                                       ('-t', BOX, 30080, 80, (OTHER,))):
        up.append(f'ipvsadm -A {kind} {server(at(a), port)} -s rr')
        up += [f'ipvsadm -a {kind} {server(at(a), port)} -r {server(at(s), to)} -m' for s in servers]
    return up


KUBE_IPVS_DOWN = ['ipvsadm -C', 'ip link del kube-ipvs0']
KUBE_IPVS_PACKETS = [
    ('client', SVC, 'tcp', 8000, REPLY), ('client', SVC, 'tcp', 8000), ('client', SVC, 'tcp', 8001), ('client', SVC, 'icmp', 0), ('client', DNS, 'udp', 53, REPLY),
    ('client', SCTP_SVC, 'sctp', 36412), ('client', BOX, 'tcp', 30080), ('client', BOX, 'tcp', 32000), ('client', BOX, 'icmp', 0),
    ('client', POD, 'tcp', 80), ('client', WAN, 'tcp', 443), ('client', WAN, 'sctp', 36412), ('one', BOX, 'tcp', 30080), ('one', BOX, 'udp', 53),
    ('two', SVC, 'tcp', 8000), ('two', DNS, 'udp', 53), ('two', WAN, 'udp', 53), ('box', SVC, 'tcp', 8000), ('box', DNS, 'udp', 53),
    ('box', WAN, 'tcp', 443), ('box', POD, 'tcp', 80), ('box', POD, 'tcp', 23), ('box', BOX, 'tcp', 30080),
]

# Two customers' VRFs, red and blue; the uplink is in none of them.
VRF = tables(mangle='''
-A PREROUTING -i red -j CONNMARK --set-xmark 0x10/0xf0
-A PREROUTING -i blue -j CONNMARK --set-xmark 0x20/0xf0''', nat=f'''
-A PREROUTING -i up0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {POD}:80
-A POSTROUTING -s {LAN} -o up0 -j MASQUERADE
-A POSTROUTING -s 198.18.0.0/24 -o up0 -j MASQUERADE''', filter=f'''
:INPUT DROP
:FORWARD DROP
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i red -j customer
-A INPUT -i blue -p icmp -j ACCEPT
-A INPUT -i cl0 -p icmp -j ACCEPT
-A INPUT -i up1 -p icmp -j ACCEPT
-A INPUT -i up0 -p tcp -m tcp --dport 22 -j ACCEPT
-A customer -p icmp -j ACCEPT
-A customer -p tcp -m multiport --dports 22,179 -j ACCEPT
-A customer -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i red -o up0 -j ACCEPT
-A FORWARD -i red -o nvi0 -j ACCEPT
-A FORWARD -i red -o lo -j ACCEPT
-A FORWARD -i blue -o up0 -p udp -j ACCEPT
-A FORWARD -i blue -o up0 -p sctp -j ACCEPT
-A FORWARD -i red -o up1 -p tcp -m tcp --dport 80 -j ACCEPT
-A FORWARD -i up0 -o up1 -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -i cl0 -j DROP
-A OUTPUT -o blue -p udp -j DROP
-A OUTPUT -o up1 -m conntrack --ctstate UNTRACKED -j DROP''')
VRF_UP = ['sysctl -qw net.ipv6.conf.cl0.keep_addr_on_down=1 net.ipv6.conf.up1.keep_addr_on_down=1',
          'ip link add red type vrf table 1001', 'ip link add blue type vrf table 1002', 'ip link set red up', 'ip link set blue up',
          'ip link set cl0 master red', 'ip link set up1 master blue', f'ip neigh replace {POD} lladdr 02:00:00:00:00:02 dev up1']
VRF_DOWN = ['ip link set cl0 nomaster', 'ip link set up1 nomaster', 'ip link del red', 'ip link del blue',
            f'ip neigh replace {POD} lladdr 02:00:00:00:00:02 dev up1']
VRF_RULES = ['rule add pref 32765 lookup local', 'rule del pref 0 lookup local', 'route add default via 192.0.2.2 dev up0 table 1001',
             'route add 198.18.0.0/24 dev up1 table 1001', 'route add default via 192.0.2.2 dev up0 table 1002',
             f'route add {LAN} dev cl0 table 1002', f'route add {LAN} dev cl0', 'route add 198.18.0.0/24 dev up1']
VRF_PACKETS = [
    ('client', WAN, 'tcp', 443, REPLY), ('client', WAN, 'udp', 53, REPLY), ('client', WAN, 'icmp', 0), ('client', WAN, 'sctp', 36412),
    ('client', POD, 'tcp', 80, REPLY), ('client', POD, 'tcp', 22), ('client', '198.51.100.1', 'tcp', 22), ('client', '198.51.100.1', 'udp', 53),
    ('client', '198.51.100.1', 'icmp', 0), ('two', WAN, 'udp', 53, REPLY), ('two', WAN, 'tcp', 443), ('two', WAN, 'sctp', 36412), ('two', CLIENT, 'tcp', 80),
    ('two', '198.18.0.1', 'icmp', 0), ('two', '198.18.0.1', 'tcp', 22), ('one', BOX, 'tcp', 8080, REPLY), ('one', BOX, 'tcp', 22), ('one', CLIENT, 'tcp', 22),
    ('box', WAN, 'tcp', 443, REPLY), ('box', CLIENT, 'tcp', 22), ('box', POD, 'tcp', 22), ('box', POD, 'udp', 53), ('box', POD, 'icmp', 0),
]

# Two uplinks whose rp_filter is strict, and policy rules by source and by mark. The second one's way back is found by
# its mark alone.
STRICT = tables(mangle='''
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
-A PREROUTING -m mark --mark 0x0/0xff -j uplinks
-A PREROUTING -m rpfilter --validmark --invert -j DROP
-A OUTPUT -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
-A uplinks -i up0 -j MARK --set-xmark 0x1/0xff
-A uplinks -i up1 -j MARK --set-xmark 0x2/0xff
-A uplinks -i cl0 -p tcp -m multiport --dports 443,8080 -j MARK --set-xmark 0x2/0xff
-A uplinks -i cl0 -p udp -m udp --dport 5353 -j MARK --set-xmark 0x2/0xff
-A uplinks -i cl0 -p sctp -m sctp --dport 36412 -j MARK --set-xmark 0x2/0xff
-A uplinks -i cl0 -m mark --mark 0x0/0xff -j MARK --set-xmark 0x1/0xff
-A uplinks -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff''', nat=f'''
-A PREROUTING -i up0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {CLIENT}:80
-A PREROUTING -i up1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {CLIENT}:80
-A POSTROUTING -o up0 -j MASQUERADE
-A POSTROUTING -o up1 -j MASQUERADE''', filter='''
:FORWARD DROP
-A INPUT -i lo -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT
-A FORWARD -i cl0 -j ACCEPT''')
STRICT_UP = ['sysctl -qw net.ipv4.conf.up0.rp_filter=1 net.ipv4.conf.up1.rp_filter=1 net.ipv4.conf.cl0.rp_filter=1 net.ipv4.conf.all.src_valid_mark=1']
STRICT_DOWN = ['sysctl -qw net.ipv4.conf.up0.rp_filter=0 net.ipv4.conf.up1.rp_filter=0 net.ipv4.conf.cl0.rp_filter=0 net.ipv4.conf.all.src_valid_mark=0']
STRICT_RULES = ['rule add lookup main suppress_prefixlength 0 pref 150', 'rule add fwmark 0x1/0xff lookup 61 pref 201',
                'rule add fwmark 0x2/0xff lookup 62 pref 202', f'rule add from {BOX} lookup 61 pref 203', 'rule add from 198.18.0.1 lookup 62 pref 204',
                'route add default via 192.0.2.2 dev up0 table 61', 'route add default via 198.18.0.2 dev up1 table 62']
FROM_UP1 = {'src': FAR2, 'reply': True}
STRICT_PACKETS = [
    ('client', WAN, 'tcp', 443), ('client', WAN, 'tcp', 80, REPLY), ('client', WAN, 'udp', 53, REPLY), ('client', WAN, 'icmp', 0),
    ('client', WAN, 'udp', 5353, REPLY), ('client', WAN, 'sctp', 36412), ('client', WAN, 'sctp', 36413), ('client', BOX, 'tcp', 22), ('one', BOX, 'tcp', 8080, REPLY), ('one', BOX, 'udp', 53),
    ('one', '198.18.0.1', 'tcp', 22), ('one', CLIENT, 'tcp', 22), ('two', '198.18.0.1', 'tcp', 8080, FROM_UP1), ('two', '198.18.0.1', 'tcp', 22, FROM_UP1),
    ('two', BOX, 'udp', 53, {'src': FAR2}), ('two', WAN, 'udp', 53), ('two', '198.18.0.1', 'udp', 53, {'src': CLIENT}), ('two', '198.18.0.1', 'icmp', 0),
    ('box', WAN, 'tcp', 443, REPLY), ('box', WAN, 'udp', 53, {'src': '198.18.0.1'}), ('box', WAN, 'udp', 53, {'mark': 2}),
    ('box', POD, 'tcp', 80, REPLY), ('box', CLIENT, 'icmp', 0),
]

ADDRESSES6 = {
    LAN: '2001:db8:1::/64', POD: '2001:db8:4::2', WAN: '2001:db8:3::7', BOX: '2001:db8:2::1', CLIENT: '2001:db8:1::2', OTHER: '2001:db8:4::3',
    FAR2: '2001:db8:3::77', REMOTE: '2001:db8:5::7', SVC: '2001:db8:96::2', DNS: '2001:db8:96::10', SCTP_SVC: '2001:db8:96::4',
    '10.96.1.99': '2001:db8:96::99', '198.18.0.0/24': '2001:db8:4::/64', '198.18.1.0/24': '2001:db8:5::/64', '198.18.0.1': '2001:db8:4::1',
    '198.18.0.98': '2001:db8:4::98', '198.18.0.99': '2001:db8:4::99', '198.51.100.1': '2001:db8:1::1', '192.0.2.2': '2001:db8:2::2',
    '127.0.0.1': '::1', '203.0.113.100': '2001:db8:3:1::100', '203.0.113.96/28': '2001:db8:3:1::/64', '203.0.113.128/25': '2001:db8:3:2::/64',
}


def boxes(six):
    """As BOXES in boxes.py, and what else each has: packets, commands before and behind, where clients come in."""
    def both(commands):
        return {'4': commands, '6': [six(c) for c in commands]}

    both_ipvs = {'4': kube_ipvs_up(4, six), '6': [f'ip neigh replace {six(OTHER)} lladdr 02:00:00:00:00:02 dev up1'] + kube_ipvs_up(6, six)}
    return {
        'cilium': ('46', 'iptables', CILIUM, '', CILIUM_RULES,
                   {'packets': CILIUM_PACKETS, 'up': both(CILIUM_UP), 'down': ['ip link del cilium_host'], 'listeners': PROXIES}),
        'calico': ('4', 'iptables', calico(4), calico_sets(4), [], {'packets': CALICO_PACKETS}),
        'calico6': ('6', 'iptables', calico(6), calico_sets(6), [], {'packets': CALICO_PACKETS}),
        'kube-ipvs': ('4', 'iptables', kube_ipvs(4), kube_ipvs_sets(4, six), [],
                      {'packets': KUBE_IPVS_PACKETS, 'up': both_ipvs, 'down': KUBE_IPVS_DOWN}),
        'kube-ipvs6': ('6', 'iptables', kube_ipvs(6), kube_ipvs_sets(6, six), [],
                       {'packets': KUBE_IPVS_PACKETS, 'up': both_ipvs, 'down': KUBE_IPVS_DOWN}),
        'vrf': ('46', 'iptables', VRF, '', VRF_RULES, {'packets': VRF_PACKETS, 'up': both(VRF_UP), 'down': VRF_DOWN, 'lan': {'6': 'red'}}),
        'uplinks-strict': ('46', 'iptables', STRICT, '', STRICT_RULES,
                           {'packets': STRICT_PACKETS, 'up': both(STRICT_UP), 'down': STRICT_DOWN}),
    }
