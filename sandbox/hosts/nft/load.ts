import { isIPv4, isIPv6 } from "node:net";
import { type AddressSet, type Chain, contains, type Match, type Rule, type Ruleset, type Table, TCP } from "./ruleset";
import { END, Reader, words } from "./words";

const MISSING = "Could not process rule: No such file or directory";
const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Applies a rule file. Returns a new ruleset, or throws at the first error and changes nothing. If a table exists already,
 * it keeps its rules, and the rules of the file are added to them.
 */
export function load(before: Ruleset, file: string, text: string, now: number): Ruleset {
    const ruleset = structuredClone(before);
    const reader = new Reader(file, words(text));
    for (reader.ends(); reader.next !== undefined; reader.ends()) command(reader, ruleset, now);
    return ruleset;
}

function command(reader: Reader, ruleset: Ruleset, now: number): void {
    if (reader.has("flush", "ruleset")) return ruleset.clear();
    if (reader.has("delete", "table", "inet")) {
        if (!ruleset.delete(reader.name())) throw reader.wrong(MISSING);
        return;
    }
    if (reader.has("add", "element", "inet")) {
        const set = ruleset.get(reader.name())?.sets.get(reader.name());
        if (set === undefined) throw reader.wrong("No such file or directory");
        return addElements(reader, set, now);
    }
    reader.has("add");
    if (!reader.has("table", "inet")) throw reader.unknown(`the command that begins with ${reader.take()}`);
    const name = reader.name();
    const table: Table = ruleset.get(name) ?? { sets: new Map(), chains: new Map() };
    ruleset.set(name, table);
    if (!reader.has("{")) return;
    for (reader.ends(); !reader.has("}"); reader.ends()) {
        if (reader.has("set")) readSet(reader, table, now);
        else if (reader.has("chain")) readChain(reader, table);
        else throw reader.unknown(`${reader.take()} in a table`);
    }
    check(reader, table);
}

function readSet(reader: Reader, table: Table, now: number): void {
    const set: AddressSet = { family: 4, timeouts: false, elements: [] };
    table.sets.set(reader.name(), set);
    reader.expect("{");
    for (reader.ends(); !reader.has("}"); reader.ends()) {
        if (reader.has("type", "ipv4_addr")) set.family = 4;
        else if (reader.has("type", "ipv6_addr")) set.family = 6;
        else if (reader.has("flags", "interval")) set.timeouts = reader.has(",", "timeout");
        else if (reader.has("elements", "=")) addElements(reader, set, now);
        else throw reader.unknown(`${reader.take()} in a set`);
        if (reader.next !== "}") reader.expect(END);
    }
}

function addElements(reader: Reader, set: AddressSet, now: number): void {
    reader.list(() => {
        const network = reader.take();
        const [start] = network.split("/");
        if (!(set.family === 4 ? isIPv4(start) : isIPv6(start))) throw reader.wrong("Could not resolve hostname");
        const touches = (other: string) => contains(other, start) || contains(network, other.split("/")[0]);
        if (set.elements.some((other) => touches(other.network))) throw reader.wrong("conflicting intervals specified");
        if (!reader.has("timeout")) return void set.elements.push({ network });
        if (!set.timeouts) throw reader.wrong("Could not process rule: Invalid argument");
        const timeout = reader.take();
        const [, count, unit] = /^(\d+)([smhd])$/.exec(timeout) ?? [];
        if (unit === undefined) throw reader.unknown(`the time ${timeout}`);
        set.elements.push({ network, timeout, until: now + Number(count) * UNITS[unit] });
    });
}

function readChain(reader: Reader, table: Table): void {
    const name = reader.name();
    const chain: Chain = table.chains.get(name) ?? { rules: [] };
    table.chains.set(name, chain);
    reader.expect("{");
    for (reader.ends(); !reader.has("}"); reader.ends()) {
        if (reader.has("type")) {
            reader.expect("filter", "hook", "prerouting", "priority", "raw", END, "policy", "accept");
            chain.base = { hook: "prerouting", priority: "raw" };
        } else chain.rules.push(readRule(reader));
        if (reader.next !== "}") reader.expect(END);
    }
}

function readRule(reader: Reader): Rule {
    const matches: Match[] = [];
    for (let match = readMatch(reader); match !== undefined; match = readMatch(reader)) matches.push(match);
    const counted = reader.has("counter") ? { packets: 0 } : {};
    const verdict = readVerdict(reader);
    const comment = reader.has("comment") ? { comment: reader.take().replaceAll('"', "") } : {};
    return { matches, ...counted, verdict, ...comment };
}

function readVerdict(reader: Reader): Rule["verdict"] {
    const kind = reader.take();
    if (kind === "accept" || kind === "drop" || kind === "return") return { kind };
    if (kind === "jump") return { kind, chain: reader.name() };
    throw reader.unknown(`${kind} in a rule`);
}

function readMatch(reader: Reader): Match | undefined {
    if (reader.has("iif", '"lo"')) return { kind: "loopback" };
    if (reader.has("fib", "daddr", "type", "local")) return { kind: "to-this-host" };
    if (reader.has("tcp", "flags", "&", "(", "syn", "|", "ack", ")", "==", "syn")) return { kind: "opening" };
    if (reader.has("tcp", "dport")) return { kind: "port", ranges: reader.list(() => portRange(reader)) };
    if (reader.has("meta", "l4proto", "tcp")) return { kind: "tcp" };
    if (reader.has("ip", "frag-off", "&", "0x1fff", "=="))
        return { kind: "fragment", family: 4, offset: wholeNumber(reader) };
    if (reader.has("frag", "frag-off")) return { kind: "fragment", family: 6, offset: wholeNumber(reader) };
    if (reader.has("frag", "nexthdr", "tcp")) return { kind: "next-header", numbers: [TCP] };
    if (reader.has("frag", "nexthdr")) return { kind: "next-header", numbers: reader.list(() => protocol(reader)) };
    if (reader.has("iifname")) return { kind: "interface", side: "in", name: quoted(reader) };
    if (reader.has("fib", "daddr", "oifname")) return { kind: "interface", side: "out", name: quoted(reader) };
    for (const [word, family] of [["ip", 4] as const, ["ip6", 6] as const])
        if (reader.has(word, "saddr")) return { kind: "source", family, set: reader.take().replace(/^@/, "") };
    return undefined;
}

function wholeNumber(reader: Reader): number {
    const text = reader.take();
    if (!/^\d{1,4}$/.test(text)) throw reader.unknown(`the number ${text}`);
    return Number(text);
}

function protocol(reader: Reader): number {
    const number = wholeNumber(reader);
    if (number > 255) throw reader.wrong("Protocol out of range");
    return number;
}

function quoted(reader: Reader): string {
    const text = reader.take();
    if (!/^"[^"*]+\*?"$/.test(text)) throw reader.unknown(`the interface ${text}`);
    return text.slice(1, -1);
}

function portRange(reader: Reader): [number, number] {
    const text = reader.take();
    const [first, last = first] = text.split("-").map(Number);
    if (!/^\d+(-\d+)?$/.test(text)) throw reader.unknown(`the port ${text}`);
    if (first > 65535 || last > 65535) throw reader.wrong("Service out of range");
    return [first, last];
}

/** @throws NftError if a rule refers to a set or chain that does not exist, or to a set of the other address family */
function check(reader: Reader, table: Table): void {
    for (const { matches, verdict } of [...table.chains.values()].flatMap(({ rules }) => rules)) {
        if (verdict.kind === "jump" && !table.chains.has(verdict.chain)) throw reader.wrong(MISSING);
        for (const match of matches)
            if (match.kind === "source" && table.sets.get(match.set)?.family !== match.family)
                throw reader.wrong("No such file or directory");
    }
}
