import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { AzureSide } from "../../components/cloudflare/azure-side";
import type { Settings } from "../../config";
import { SERVER_CHECKS } from "../../components/server-checks";
import { repeatable, timeLimit, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { Failure, FindingsError, UsageError } from "../errors";
import { json, rightCell, table } from "../output";
import { ask, jsonObject } from "../stack/pulumi";
import { openaiOf, serverOf } from "../stack/gateway";
import { isEdge, readStack } from "../stack/settings";
import { checkEntry, portOf } from "./exposure-entry";
import { closedPorts, type Port } from "./exposure-ports";

export const command: AddCommand = (check, context) =>
    withExamples(
        withJson(withStack(check.command("exposure"))),
        "check exposure --stack intra",
        "check exposure --closed 10.20.96.188 --json",
    )
        .description("Check exposed ports from outside; exit with 3 when anything but the entry point answers")
        .addOption(repeatable("--address <address>", "address of the load balancer or of a host", "those of the stack"))
        .addOption(repeatable("--closed <address>", "address of a host that must not answer, for example the server's"))
        .option("--timeout <seconds>", "longest time for the whole check", timeLimit, 60)
        .action((args) => checkExposure(context, args));

interface CheckExposureArgs {
    stack?: string;
    json?: boolean;
    address: string[];
    closed: string[];
    timeout: number;
}

/** Checks from outside that only the entry point answers, and that it rejects requests without a credential. */
async function checkExposure(context: Context, args: CheckExposureArgs): Promise<void> {
    const { url, samples, refused, entries, served, shut, closed } = await readTarget(context, args);
    const end = Date.now() + args.timeout * 1000;
    const look = async (address: string, { port, what, risk }: Port, expected: "open" | "closed") => {
        const state = await context.stateOfPort(address, port, end);
        const ok = expected === "open" ? state === "open" : state === "closed" || state === "filtered";
        const problem = state === "not looked at" ? "not checked, because the time is over. Raise --timeout" : risk;
        return { address, port, what, state, expected, ok, meaning: ok ? "" : problem };
    };
    const entryPort = { port: portOf(url), what: "entry point", risk: "callers cannot connect to the entry point" };
    const others = closed.filter(({ port }) => port !== entryPort.port);
    const [rows, answers] = await Promise.all([
        Promise.all([
            ...served.flatMap((one) => [look(one, entryPort, "open"), ...others.map((p) => look(one, p, "closed"))]),
            ...shut.flatMap((one) => closed.map((port) => look(one, port, "closed"))),
        ]),
        Promise.all(entries.map((address) => checkEntry(address, url, samples, refused, end))),
    ]);
    const [ports, entry] = [rows.sort((a, b) => Number(a.ok) - Number(b.ok)), answers.flat()];
    const portCells = ports.map((one) => [
        one.address,
        `${one.port}`,
        one.what,
        one.state,
        rightCell(one),
        one.meaning,
    ]);
    const portTable = table(["address", "port", "program", "state", "right", "problem"], portCells, "problem");
    const entryCells = entry.map((one) => [one.address, one.check, one.got, rightCell(one), one.meaning]);
    const entryTable = table(["address", "entry point", "got", "right", "problem"], entryCells, "problem");
    context.out(args.json ? json({ ports, entry }) : `${portTable}\n${entryTable}`);
    const wrong = [...ports, ...entry].filter(({ ok }) => !ok).length;
    const all = ports.length + entry.length;
    if (wrong > 0)
        throw new FindingsError(
            `exposure: only the entry point may answer, and it must reject requests without a key (${wrong} of ${all} checks failed). Close open ports in the firewall or the network security group, and correct the entry point: the table shows what is wrong. Then run the check again.`,
        );
    context.note(`exposure: all ${all} checks passed, as seen from this machine.`);
}

/** What to check: requests at `entries`, the entry point's port at `served`, and closed ports at `served` and `shut`. */
async function readTarget(context: Context, args: CheckExposureArgs) {
    const stack = await readStack(context, args.stack);
    // Without --show-secrets, so that Pulumi prints no secret.
    const text = await ask(context.pulumi, ["stack", "output", "--json", "--stack", stack.name]);
    const outputs = jsonObject<{ url?: string } & Partial<AzureSide>>(text, "pulumi stack output");
    if (outputs.url === undefined)
        throw new UsageError([`--stack: ${stack.short} has no outputs yet. Run: pulumi up -s ${stack.short}`]);
    const url = new URL(outputs.url);
    const access = isEdge(stack);
    const bad = [...args.address, ...args.closed].filter((one) => isIP(one) === 0);
    if (bad.length > 0)
        throw new UsageError(bad.map((one) => `--address, --closed: must be an IPv4 or IPv6 address (got ${one}).`));
    const { settings } = stack;
    const samples = SERVER_CHECKS[serverOf(stack)].samples({ paths: openaiOf(stack).paths, model: "" });
    const closed = closedPorts(endpointsOf(settings));
    const common = { url, samples, closed, refused: access ? [401, 403] : [401] };
    if ("account" in settings || settings.exposure !== undefined) {
        const shut = [...new Set([...args.address, ...args.closed])];
        if (shut.length === 0)
            throw new UsageError(["--address: required, since callers come through Cloudflare. Name the hosts."]);
        return { ...common, entries: (await addressesOf(url.hostname)).slice(0, 1), served: [], shut };
    }
    const known = args.address.length > 0 ? args.address : (outputs.dnsRecords ?? []).flatMap(({ values }) => values);
    const served = known.length > 0 ? [...new Set(known)] : await addressesOf(url.hostname);
    const shut = [...new Set(args.closed)].filter((one) => !served.includes(one));
    return { ...common, entries: served, served, shut };
}

function endpointsOf(settings: Settings): string[] {
    if (settings.option === "cloudflare") return [settings.endpoint];
    return settings.server.endpoints.map(({ address }) => address);
}

async function addressesOf(host: string): Promise<string[]> {
    const found = await lookup(host, { all: true }).catch(({ code }: NodeJS.ErrnoException) => {
        throw new Failure(`${host}: has no address (${code}). Correct the zone, or name an address: --address`);
    });
    return found.map(({ address }) => address);
}
