import { X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { isSeq } from "yaml";
import type { AzureSide } from "../../components/cloudflare/azure-side";
import { DEFAULT_NODE_PORT } from "../../config/values";
import { repeatable, timeLimit, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { Failure, FindingsError, UsageError } from "../errors";
import { json, rightCell, table } from "../output";
import { ask, jsonObject } from "../stack/pulumi";
import { findStack, type Stack } from "../stack/stack";
import { authenticatorIn, readValue } from "../stack/stack-file";
import { checkEntry, type Entry, type EntryCheck } from "./exposure-entry";
import { closedPorts, type Port, type State } from "./exposure-ports";

export const command: AddCommand = (check, context) =>
    withExamples(
        withJson(withStack(check.command("exposure"))),
        "check exposure --stack intra",
        "check exposure --closed 10.20.96.188 --json",
    )
        .description("Check exposed ports from outside; exit with 3 when anything but the entry point answers")
        .addOption(repeatable("--address <address>", "address of the load balancer or of a host", "those of the stack"))
        .addOption(repeatable("--closed <address>", "address of a host that must not answer, for example Alpa's"))
        .option("--ca <file>", "certificates to trust, in PEM form (default: those of this machine)")
        .option("--timeout <seconds>", "longest time for the whole check", timeLimit, 60)
        .action((args) => checkExposure(context, args));

interface CheckExposureArgs {
    stack?: string;
    json?: boolean;
    address: string[];
    closed: string[];
    ca?: string;
    timeout: number;
}

interface PortRow {
    address: string;
    port: number;
    what: string;
    state: State;
    expected: "open" | "closed";
    ok: boolean;
    /** The problem; empty if there is none. */
    meaning: string;
}

/** What to check. */
interface Target {
    addresses: string[];
    /** Addresses of hosts that serve no callers, so all their ports must be closed. */
    shut: string[];
    /** Ports of the entry point at these addresses; empty if callers use a tunnel. */
    entryPorts: number[];
    ports: Port[];
    /** Required answers of the entry point, for each of its addresses. */
    entries: Omit<Entry, "end">[];
}

/** Addresses of the machine itself, for example those of the sandbox. */
const LOOPBACK = /^127\.|^::1$/;
/** Largest number of connections that are tried at the same time. */
const AT_ONCE = 64;

/** Checks from outside that only the entry point answers, and that it rejects requests without a credential. */
async function checkExposure(context: Context, args: CheckExposureArgs): Promise<void> {
    const target = await readTarget(context, args);
    const { ports, entry } = await checkTarget(context, target, Date.now() + args.timeout * 1000);
    context.out(args.json ? json({ ports, entry }) : render(ports, entry));
    const wrong = [...ports, ...entry].filter(({ ok }) => !ok).length;
    const all = ports.length + entry.length;
    if (wrong > 0)
        throw new FindingsError(
            `exposure: only the entry point may answer, and it must reject requests without a key (${wrong} of ${all} checks failed). ${adviceOn(ports, entry)}Then run the check again.`,
        );
    context.note(`exposure: all ${all} checks passed, as seen from this machine.`);
}

/** Advice for each kind of problem, one sentence each. */
function adviceOn(ports: PortRow[], entry: EntryCheck[]): string {
    const wrong = ports.filter(({ ok }) => !ok);
    const open = wrong.filter(({ state }) => state === "open");
    const local = open.filter(({ address }) => LOOPBACK.test(address));
    return [
        open.length > local.length ? "Close the open ports in the firewall or the network security group. " : "",
        local.length > 0
            ? `Only this machine can connect to a loopback address (${[...new Set(local.map(({ address }) => address))].join(", ")}), so an open port there does not show what others can reach. On another machine, name the host's own address: --address. `
            : "",
        wrong.length > open.length || entry.some(({ ok }) => !ok)
            ? "Correct the entry point or its certificate: the table shows what is wrong. "
            : "",
    ].join("");
}

async function checkTarget(
    { stateOfPort }: Context,
    target: Target,
    end: number,
): Promise<{ ports: PortRow[]; entry: EntryCheck[] }> {
    const { addresses, shut, entryPorts, ports, entries } = target;
    const all = [...addresses, ...shut];
    const closed = ports.filter(({ port }) => !entryPorts.includes(port));
    const jobs = [
        ...addresses.flatMap((address) => [
            ...entryPorts.map((port) => ({ address, port, what: "entry point", risk: "", expected: "open" as const })),
            ...closed.map((one) => ({ address, ...one, expected: "closed" as const })),
        ]),
        ...shut.flatMap((address) => ports.map((one) => ({ address, ...one, expected: "closed" as const }))),
    ];
    const rows: PortRow[] = [];
    const worker = async () => {
        for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
            const { address, port, what, expected, risk } = job;
            const state = await stateOfPort(address, port, end);
            const ok = expected === "open" ? state === "open" : state === "closed" || state === "filtered";
            rows.push({ address, port, what, state, expected, ok, meaning: ok ? "" : meaningOf(state, risk) });
        }
    };
    const entry = Promise.all(entries.map((one) => checkEntry({ ...one, end })));
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const place = (row: PortRow) => [Number(row.ok), all.indexOf(row.address), row.port];
    const sorted = rows.sort((a, b) => {
        const [x, y] = [place(a), place(b)];
        return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
    });
    return { ports: sorted, entry: (await entry).flat() };
}

function meaningOf(state: State, risk: string): string {
    if (state === "not looked at") return "not checked, because the time is over. Raise --timeout";
    return risk === "" ? "callers cannot connect to the entry point" : risk;
}

interface StackOutputs extends Partial<AzureSide> {
    url?: string;
}

async function readTarget(context: Context, args: CheckExposureArgs): Promise<Target> {
    const stack = await findStack(context, args.stack);
    // Without --show-secrets, so that Pulumi prints no secret.
    const text = await ask(context.pulumi, ["stack", "output", "--json", "--stack", stack.name]);
    const outputs = jsonObject<StackOutputs>(text, "pulumi stack output");
    if (outputs.url === undefined)
        throw new UsageError([`--stack: ${stack.short} has no outputs yet. Run: pulumi up -s ${stack.short}`]);
    const url = new URL(outputs.url);
    const access = authenticatorIn(stack.text) === "edge";
    const atCloudflare = access || readValue(stack.text, "exposure") === "tunnel";
    const bad = (["address", "closed"] as const).flatMap((option) =>
        args[option]
            .filter((one) => isIP(one) === 0)
            .map((one) => `--${option}: must be an IPv4 or IPv6 address (got ${one}).`),
    );
    if (bad.length > 0) throw new UsageError(bad);
    if (atCloudflare && args.address.length + args.closed.length === 0)
        throw new UsageError([
            "--address: required, since callers come through Cloudflare. Name the hosts that must not answer from outside.",
        ]);
    const ca = args.ca === undefined ? undefined : readCa(args.ca);
    const named = [...new Set(args.address)];
    const shut = [...new Set(args.closed)];
    const endpoints = readValue(stack.text, "alpa", "endpoints");
    const ports = closedPorts(isSeq(endpoints) ? endpoints.items.map(String) : []);
    const common = { url, ca, refused: access ? [401, 403] : [401], closed: access ? [403, 404] : [404] };
    if (atCloudflare) {
        const [edge] = await addressesOf(url.hostname);
        return {
            addresses: named,
            // Behind Cloudflare, all ports of the hosts in --address and --closed must be closed. A host in both options is
            // checked once.
            shut: shut.filter((one) => !named.includes(one)),
            entryPorts: [],
            ports,
            entries: [{ ...common, address: edge }],
        };
    }
    const known = (outputs.dnsRecords ?? []).flatMap(({ values }) => values);
    const addresses = named.length > 0 ? named : known.length > 0 ? known : await addressesOf(url.hostname);
    const served = shut.filter((one) => addresses.includes(one));
    if (served.length > 0)
        throw new UsageError(
            served.map(
                (one) =>
                    `--closed: must be a host that serves no callers (${one} is an address of the entry point). Remove this address: its other ports are checked anyway.`,
            ),
        );
    const httpPort = url.protocol === "https:" ? httpPortOf(stack, outputs) : undefined;
    const entryPorts = [Number(url.port || (url.protocol === "https:" ? 443 : 80)), ...(httpPort ? [httpPort] : [])];
    // With `tls.redirect` off, HTTP serves requests too; the preview warns of that.
    const redirects = readValue(stack.text, "tls", "redirect") !== false;
    return {
        addresses,
        shut,
        entryPorts,
        ports,
        entries: addresses.map((address) => ({ ...common, address, httpPort: redirects ? httpPort : undefined })),
    };
}

/** Port for plain HTTP in addition to TLS: at the load balancer, or at the nodes. */
function httpPortOf({ text }: Stack, { loadBalancer }: StackOutputs): number {
    const rule = loadBalancer?.rules.at(-1);
    return rule?.frontendPort ?? Number(readValue(text, "gateway", "nodePort") ?? DEFAULT_NODE_PORT);
}

async function addressesOf(host: string): Promise<string[]> {
    if (isIP(host) !== 0) return [host];
    try {
        return (await lookup(host, { all: true })).map(({ address }) => address);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new Failure(`${host}: has no address (${code}). Correct the zone, or name an address: --address`);
    }
}

function readCa(file: string): string {
    try {
        const text = readFileSync(file, "utf8");
        new X509Certificate(text);
        return text;
    } catch {
        throw new UsageError([`--ca: must be a file with certificates in PEM form (got ${file}).`]);
    }
}

function render(ports: PortRow[], entry: EntryCheck[]): string {
    return [
        table(
            ["address", "port", "program", "state", "right", "problem"],
            ports.map((row) => [row.address, String(row.port), row.what, row.state, rightCell(row), row.meaning]),
            "problem",
        ),
        table(
            ["address", "entry point", "got", "right", "problem"],
            entry.map((row) => [row.address, row.check, row.got, rightCell(row), row.meaning]),
            "problem",
        ),
    ].join("\n");
}
