/**
 * Emulator of nft of nftables 1.0.6 on one sandbox host. Its answers are those of the real program, recorded in a network
 * namespace (Linux 6.18): a file is one transaction, -c changes nothing, and a file that is loaded twice adds its rules twice.
 *
 * Emulated: `nft -f FILE`, `-c -f FILE`, `list table inet NAME` (with -s), `list tables`, `delete table inet NAME`, `flush
 * ruleset`, `--version`; in files, the tables, sets, chains and rules that load.ts reads. Anything else is an error that names
 * it.
 *
 * The sandbox filters no packets, because hosts share this machine's network. {@link decide} evaluates the stored ruleset for a
 * packet.
 * Known differences: messages have a line number but no column; listings show the elements of a set in one line, without
 * the time until they expire.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Host } from "../host";
import { failed, type Reply } from "../reply";
import { load } from "./load";
import { decide, living, type Match, type Packet, type Rule, type Ruleset, type Table } from "./ruleset";
import { NftError } from "./words";

export type { Packet } from "./ruleset";

/** Path of nft on a host. It comes before this machine's nft in PATH. */
export const NFT = "/usr/local/sbin/nft";

/** Names of protocols by number (/etc/protocols). nft prints the name if the protocol has one. */
const PROTOCOLS: Record<number, string> = {
    0: "ip",
    6: "tcp",
    43: "ipv6-route",
    44: "ipv6-frag",
    51: "ah",
    60: "ipv6-opts",
};

const MISSING = "Error: No such file or directory";

export class Nft {
    private ruleset: Ruleset = new Map();

    /** @param root the folder of the host */
    constructor(private readonly root: string) {}

    /** Whether the host's rules accept or drop a packet. */
    decide(packet: Packet, now?: number): "accept" | "drop" {
        return decide(this.ruleset, packet, now);
    }

    get tables(): string[] {
        return [...this.ruleset.keys()];
    }

    /** Deletes all tables, as a reboot does. */
    forget(): void {
        this.ruleset = new Map();
    }

    run(args: string[], privileged: boolean): Reply {
        try {
            if (args.join(" ") !== "--version" && !privileged)
                throw new NftError("Operation not permitted (you must be root)");
            return { code: 0, out: this.command(args), err: "" };
        } catch (error) {
            if (!(error instanceof NftError)) throw error;
            return failed(error.message);
        }
    }

    private command(args: string[]): string {
        const [plain, line] = [args.filter((arg) => arg !== "-s"), args.join(" ")];
        if (line === "--version") return "nftables v1.0.6 (sandbox)\n";
        if (line === "list tables") return this.tables.map((name) => `table inet ${name}\n`).join("");
        if (/^list table inet \w+$/.test(plain.join(" "))) return this.list(plain[3], plain.length < args.length);
        if (/^(delete table inet \w+|flush ruleset)$/.test(line)) return this.load("command line", line, false);
        const [check, file] = args[0] === "-c" ? [true, args.slice(1)] : [false, args];
        if (file[0] !== "-f" || file.length !== 2 || file[1] === "-")
            throw new NftError(`Error: unsupported by the sandbox: nft ${line}`);
        const place = path.join(this.root, file[1]);
        if (!fs.existsSync(place))
            throw new NftError(`internal:0:0-0: Error: Could not open file "${file[1]}": No such file or directory`);
        return this.load(file[1], fs.readFileSync(place, "utf8"), check);
    }

    private load(file: string, text: string, check: boolean): string {
        const after = load(this.ruleset, file, text, Date.now());
        if (!check) this.ruleset = after;
        return "";
    }

    private list(name: string, stateless: boolean): string {
        const table = this.ruleset.get(name);
        if (table === undefined) throw new NftError(MISSING);
        return `table inet ${name} {\n${[...sets(table), ...chains(table, stateless)].join("\n\n")}\n}\n`;
    }
}

/** Installs nft on a host. */
export function layNft(host: Pick<Host, "root" | "stage">): Nft {
    const nft = new Nft(host.root);
    host.stage.lay(NFT, ({ args, privileged }) => nft.run(args, privileged));
    return nft;
}

function sets(table: Table): string[] {
    return [...table.sets].map(([name, set]) => {
        const elements = living(set, Date.now()).map(({ network, timeout }) =>
            timeout === undefined ? network : `${network} timeout ${timeout}`,
        );
        const lines = [
            `type ipv${set.family}_addr`,
            `flags interval${set.timeouts ? ",timeout" : ""}`,
            ...(elements.length === 0 ? [] : [`elements = { ${elements.join(", ")} }`]),
        ];
        return `\tset ${name} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}`;
    });
}

function chains(table: Table, stateless: boolean): string[] {
    return [...table.chains].map(([name, { base, rules }]) => {
        const lines = [
            ...(base ? [`type filter hook ${base.hook} priority ${base.priority}; policy accept;`] : []),
            ...rules.map((rule) => ruleText(rule, stateless)),
        ];
        return `\tchain ${name} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}`;
    });
}

function ruleText({ matches, packets, verdict, comment }: Rule, stateless: boolean): string {
    const counter =
        packets === undefined ? [] : [`counter${stateless ? "" : ` packets ${packets} bytes ${packets * 60}`}`];
    const kind = verdict.kind === "jump" ? `jump ${verdict.chain}` : verdict.kind;
    return [...matches.map(matchText), ...counter, kind, ...(comment ? [`comment "${comment}"`] : [])].join(" ");
}

function matchText(match: Match): string {
    switch (match.kind) {
        case "loopback":
            return 'iif "lo"';
        case "to-this-host":
            return "fib daddr type local";
        case "opening":
            return "tcp flags syn / syn,ack";
        case "port": {
            const ranges = match.ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
            return `tcp dport ${ranges.length === 1 && /^\d+$/.test(ranges[0]) ? ranges[0] : `{ ${ranges.join(", ")} }`}`;
        }
        case "tcp":
            return "meta l4proto tcp";
        case "fragment":
            return match.family === 4 ? `ip frag-off & 8191 == ${match.offset}` : `frag frag-off ${match.offset}`;
        case "next-header": {
            const names = match.numbers.map((number) => PROTOCOLS[number] ?? String(number));
            return `frag nexthdr ${names.length === 1 ? names[0] : `{ ${names.join(", ")} }`}`;
        }
        case "interface":
            return `${match.side === "in" ? "iifname" : "fib daddr oifname"} "${match.name}"`;
        case "source":
            return `ip${match.family === 6 ? "6" : ""} saddr @${match.set}`;
    }
}
