"""Sends packets to a host that has rules of nftables, and says which were answered. Host and sender are network namespaces.

Runs as `unshare --user --map-root-user --net python3 THIS`. Reads JSON from its standard input: {"rules": text for nft,
"published": whether a port of the host leads to the container, as Docker does it, "cases": [...]}. Writes a list with one
object for each case: {"answered": bool, "dropped": packets that the rules counted}.

Outside is the namespace of this process, with the interface `out`. The host is a second namespace, with eth0 and the bridge
docker0. The container is a third one, on that bridge.
"""

import contextlib
import ctypes
import ipaddress
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

HOST = {4: "10.0.0.5", 6: "fd00::5"}
CONTAINER = {4: "172.17.0.2", 6: "fd01::2"}
MACS = {"out": "02:00:00:00:00:01", "eth0": "02:00:00:00:00:02", "docker0": "02:00:00:00:00:03", "cont": "02:00:00:00:00:04"}
PORTS = [22, 6379, 10002, 15000, 20001, 20002]
CONTROL = ("10.0.0.11", 20001)
TCP, UDP, HOP_BY_HOP, FRAGMENT, DESTINATION_OPTIONS = 6, 17, 0, 44, 60
SYN, ACK = 2, 16
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(process):
    """Sockets that are created in this context belong to the network namespace of the process."""
    with open("/proc/self/ns/net") as before, open(f"/proc/{process.pid}/ns/net") as there:
        assert libc.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert libc.setns(before.fileno(), CLONE_NEWNET) == 0


def run(*argv, text=None):
    done = subprocess.run(argv, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout


def namespace():
    """Starts a process that keeps its own network namespace until its standard input is closed."""
    process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def lay_network(host, container):
    def ip(line):
        run("ip", *line.split())

    ip(f"link add out address {MACS['out']} type veth peer name eth0 address {MACS['eth0']} netns {host.pid}")
    ip("link set out up")
    with inside(host):
        for file, value in [("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1")]:
            with open(f"/proc/sys/net/{file}", "w") as setting:
                setting.write(value)
        ip("link set lo up")
        ip("link set eth0 up")
        ip(f"link add docker0 address {MACS['docker0']} type bridge")
        ip(f"link add veth0 type veth peer name eth0 address {MACS['cont']} netns {container.pid}")
        ip("link set veth0 master docker0")
        ip("link set veth0 up")
        ip("link set docker0 up")
        ip(f"address add {HOST[4]}/32 dev eth0")
        ip(f"-6 address add {HOST[6]}/128 dev eth0 nodad")
        ip("address add 172.17.0.1/16 dev docker0")
        ip("-6 address add fd01::1/64 dev docker0 nodad")
        for family, outside in [("-4", "10.0.0.1"), ("-6", "fd00::1")]:
            ip(f"{family} neigh add {outside} lladdr {MACS['out']} dev eth0 nud permanent")
            ip(f"{family} route add {outside} dev eth0")
            ip(f"{family} route add default via {outside} dev eth0")
        for address in CONTAINER.values():
            ip(f"neigh add {address} lladdr {MACS['cont']} dev docker0 nud permanent")
    with inside(container):
        ip("link set lo up")
        ip("link set eth0 up")
        ip(f"address add {CONTAINER[4]}/16 dev eth0")
        ip(f"-6 address add {CONTAINER[6]}/64 dev eth0 nodad")
        for family, router in [("-4", "172.17.0.1"), ("-6", "fd01::1")]:
            ip(f"{family} neigh add {router} lladdr {MACS['docker0']} dev eth0 nud permanent")
            ip(f"{family} route add default via {router} dev eth0")


def listeners(process):
    with inside(process):
        for port in PORTS:
            listener = socket.socket(socket.AF_INET6)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(("::", port))
            listener.listen(64)
            yield listener


def checksum(data):
    total = sum(struct.unpack(f"!{len(data + bytes(len(data) % 2)) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, destination, source_port, port, flags):
    """TCP's header and 16 bytes of data: long enough for three fragments."""
    bare = struct.pack("!HHIIBBHHH", source_port, port, 1, 1 if flags & ACK else 0, 5 << 4, flags, 1024, 0, 0) + bytes(16)
    pseudo = source.packed + destination.packed + struct.pack("!II", len(bare), TCP)
    return bare[:16] + struct.pack("!H", checksum(pseudo + bare)) + bare[18:]


def ipv4(source, destination, data, identification, offset=0, more=False, options=b""):
    words = 5 + len(options) // 4
    length = words * 4 + len(data)
    parts = [0x40 | words, 0, length, identification, more << 13 | offset, 64, TCP]
    header = struct.pack("!BBHHHBBH", *parts, 0) + source.packed + destination.packed + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + data


def ipv6(source, destination, next_header, data):
    return struct.pack("!IHBB", 6 << 28, len(data), next_header, 64) + source.packed + destination.packed + data


def fragments(data, sizes):
    """(offset in units of 8 bytes, whether more follow, piece)"""
    at = 0
    while at < len(data):
        size = sizes[0] if at == 0 else sizes[1]
        yield at // 8, at + size < len(data), data[at : at + size]
        at += size


REST_OF_ANOTHER = "tiny fragments, the rest of another header"
SIZES = {"tiny fragments": (8, 8), REST_OF_ANOTHER: (8, 8), "large fragments": (24, 8), "header in the second fragment": (8, 64)}
PADDING = bytes([1, 4, 0, 0, 0, 0])  # fills an options header of 8 bytes


def packets(form, source, destination, tcp, identification):
    if source.version == 4:
        if form in SIZES:
            for offset, more, piece in fragments(tcp, SIZES[form]):
                yield ipv4(source, destination, piece, identification, offset, more)
        else:
            yield ipv4(source, destination, tcp, identification, options=bytes([1] * 8) if form == "options" else b"")
        return
    behind_options = bytes([TCP, 0]) + PADDING + tcp
    if form in SIZES:
        hidden = form == "header in the second fragment"
        for offset, more, piece in fragments(behind_options if hidden else tcp, SIZES[form]):
            following = DESTINATION_OPTIONS if hidden else UDP if form == REST_OF_ANOTHER and offset > 0 else TCP
            header = struct.pack("!BBHI", following, 0, offset << 3 | more, identification)
            yield ipv6(source, destination, FRAGMENT, header + piece)
    elif form == "options":
        yield ipv6(source, destination, HOP_BY_HOP, bytes([DESTINATION_OPTIONS, 0]) + PADDING + behind_options)
    else:
        yield ipv6(source, destination, TCP, tcp)


class Side:
    """An interface that sends packets and receives answers."""

    def __init__(self, interface, own, peer):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((interface, 0))
        self.ends = bytes.fromhex(peer.replace(":", "") + own.replace(":", ""))

    def send(self, packet):
        self.socket.send(self.ends + struct.pack("!H", 0x86DD if packet[0] >> 4 == 6 else 0x0800) + packet)

    def answered(self, seconds):
        """Destination port of the next TCP packet. -1: another packet has come; None: no packet within the time."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        frame, address = self.socket.recvfrom(65535)
        if address[2] == socket.PACKET_OUTGOING:
            return -1
        packet = frame[14:]
        if packet[0] >> 4 == 4:
            return struct.unpack("!H", packet[(packet[0] & 15) * 4 + 2 :][:2])[0] if packet[9] == TCP else -1
        return struct.unpack("!H", packet[42:44])[0] if packet[6] == TCP else -1


def dropped(host):
    with inside(host):
        listed = json.loads(run("nft", "--json", "list", "ruleset"))["nftables"]
    expressions = [e for item in listed if "rule" in item for e in item["rule"]["expr"]]
    return sum(e["counter"]["packets"] for e in expressions if "counter" in e)


def wait_for(side, port, other):
    """Waits for an answer to one port. @returns whether an answer to the other port came before it"""
    seen, end = False, time.monotonic() + 10
    while (left := end - time.monotonic()) > 0:
        got = side.answered(left)
        seen = seen or got == other
        if got == port:
            return seen
    raise SystemExit("a gateway's node got no answer: the network of this test does not work")


def main():
    asked = json.load(sys.stdin)
    # On one processor packets are handled in their order, so no answer comes after the answer to the control packet.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    host, container = namespace(), namespace()
    lay_network(host, container)
    held = [*listeners(host), *listeners(container)]
    sides = {"outside": Side("out", MACS["out"], MACS["eth0"])}
    with inside(container):
        sides["container"] = Side("eth0", MACS["cont"], MACS["docker0"])
    with inside(host):
        if asked["published"]:
            rule = f"tcp dport 20003 dnat ip to {CONTAINER[4]}:20001"
            nat = "type nat hook prerouting priority dstnat;"
            run("nft", "-f", "-", text=f"table inet published {{\n chain nat {{\n {nat}\n {rule}\n }}\n}}\n")
        run("nft", "-f", "-", text=asked["rules"])
    results = []
    for number, case in enumerate(asked["cases"]):
        before = dropped(host)
        source_port = 40000 + 2 * number
        if case["from"] == "loopback":
            with inside(host), socket.socket() as caller:
                caller.settimeout(5)
                answered = caller.connect_ex((case["source"], case["port"])) == 0
        else:
            source = ipaddress.ip_address(case["source"])
            destination = ipaddress.ip_address((HOST if case["to"] == "host" else CONTAINER)[source.version])
            tcp = segment(source, destination, source_port, case["port"], ACK if case["form"] == "open" else SYN)
            side = sides[case["from"]]
            for packet in packets(case["form"], source, destination, tcp, 1 + number):
                side.send(packet)
            # The container is no gateway's node, so its control packet goes to a port that is open to all.
            own, port = CONTROL if case["from"] == "outside" else (CONTAINER[4], 22)
            control = [ipaddress.ip_address(own), ipaddress.ip_address(HOST[4])]
            tcp = segment(*control, source_port + 1, port, SYN)
            side.send(ipv4(*control, tcp, 20000 + number))
            answered = wait_for(side, source_port + 1, source_port)
        results.append({"answered": answered, "dropped": dropped(host) - before})
    json.dump(results, sys.stdout)
    for listener in held:
        listener.close()
    for process in (host, container):
        process.stdin.close()
        process.wait()


main()
