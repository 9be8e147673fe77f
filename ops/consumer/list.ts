import { kubectlOf } from "../../components/kubernetes/kubeconfig-content";
import { VERIFIER } from "../../components/opt/conversion-phases";
import { wholeNumber, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { FindingsError } from "../errors";
import { json, table } from "../output";
import { PROJECT } from "../../config/stack-file";
import { accessOf } from "../stack/cluster";
import { gatewayOf } from "../stack/gateway";
import { generatedIn } from "../stack/history/generated";
import { undoDrift } from "../stack/review/drift";
import { exported } from "../stack/review/review";
import { isEdge, readStack, type ReadStack } from "../stack/settings";
import { listExpiring } from "./expiring";
import { lacksSince } from "./handouts/record";
import { readLive } from "./state/cluster-consumers";
import { ALL, compare, type Row } from "./state/compare";
import { tokenRows, type TokenRow } from "./state/list-tokens";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(consumer.command("list"))),
        "consumer list --stack intra",
        "consumer list --check --json",
        "consumer list --expiring 30 --fail-on 7",
    )
        .description(
            "List the callers of the config and their state in the cluster or at Cloudflare; never shows a secret",
        )
        .option("--check", "exit with 3 when the config and the cluster, or Cloudflare, differ")
        .option(
            "--expiring <days>",
            "list only credentials of the config that expire within this number of days, or have expired (default: all)",
            wholeNumber(0),
        )
        .option(
            "--fail-on <days>",
            "like --expiring, and exit with 3 when a credential expires within this number of days (default: never)",
            wholeNumber(0),
        )
        .action((args) => list(context, args));

interface ListArgs {
    stack?: string;
    json?: boolean;
    check?: boolean;
    expiring?: number;
    failOn?: number;
}

const LEFT_BY_UP =
    "Callers that are not in the config: run pulumi up first. After a restore of the cluster's etcd, it deletes none that was revoked before:";

/** Compares the callers of the config with those in the cluster, or at Cloudflare. */
async function list(context: Context, args: ListArgs): Promise<void> {
    const stack = await readStack(context, args.stack);
    if ((args.expiring ?? args.failOn) !== undefined) return listExpiring(context, stack, args);
    if (isEdge(stack)) {
        const rows = await tokenRows(context, stack);
        return await show(context, stack, args, rows, renderTokens(rows), []);
    }
    const { namespace } = gatewayOf(stack);
    const access = await accessOf(context, stack);
    const live = await readLive(access, namespace);
    // The verifier belongs to the program and is not a caller.
    if (stack.settings.option === "intra-b") live.consumers = live.consumers.filter(({ name }) => name !== VERIFIER);
    const kubectl = kubectlOf(access, namespace);
    const rows = compare(stack.settings.callers, live, `${PROJECT}/${stack.short}`, context.today, kubectl);
    const deletions = new Set(rows.flatMap(({ repair }) => (repair === undefined ? [] : [`  ${repair}`])));
    await show(context, stack, args, rows, render(rows), deletions.size === 0 ? [] : [LEFT_BY_UP, ...deletions]);
}

/** @param shown the table @param repairs lines below the problems */
async function show(
    context: Context,
    stack: ReadStack,
    args: ListArgs,
    rows: (Row | TokenRow)[],
    shown: string,
    repairs: string[],
): Promise<void> {
    const wrong = rows.filter(({ problems }) => problems.length > 0).length;
    await addLacking(context, stack, rows);
    const lines = rows.flatMap(({ consumer, credential, problems }) => {
        const who = credential === null ? consumer : `${consumer}/${credential}`;
        return problems.map((problem) => `! ${who}: ${problem}`);
    });
    context.out(args.json ? json(rows) : [shown, ...lines, ...repairs].join("\n"));
    const atEdge = isEdge(stack);
    const place = atEdge ? "Cloudflare" : "cluster";
    // Only a refresh detects objects that were deleted or changed by hand in the cluster or at Cloudflare.
    const repair = atEdge ? `pulumi up --refresh -s ${stack.short}` : undoDrift(stack.short);
    if (args.check && wrong > 0)
        throw new FindingsError(
            `${stack.short}: config and ${place} differ in ${wrong} of ${rows.length} lines. Run: ${repair}`,
        );
}

/** Adds a problem to each credential whose caller has an earlier secret only. Config and cluster do not differ in it. */
async function addLacking(context: Context, stack: ReadStack, rows: (Row | TokenRow)[]): Promise<void> {
    const generated = generatedIn(await exported(context, stack));
    for (const { name, credentials } of stack.settings.callers)
        for (const one of credentials) {
            const fingerprint = generated.get(`${name}/${one.id}`)?.fingerprint;
            const since = lacksSince(context, stack, name, one, fingerprint);
            if (since === undefined) continue;
            rows.find(({ consumer, credential }) => consumer === name && credential === one.id)?.problems.push(
                `the secret of the handout on ${since} was replaced: hand out the present one`,
            );
        }
}

function render(all: Row[]): string {
    const rows = all.filter(({ consumer }) => consumer !== ALL);
    if (rows.length === 0) return "No consumers, neither in the config nor in the cluster.";
    // An empty column is omitted.
    const named = rows.some((row) => row.class !== undefined);
    return table(
        ["consumer", ...(named ? ["class"] : []), ...["credential", "method", "expires", "live", "last applied"]],
        rows.map((row) => [
            row.consumer,
            ...(named ? [row.class ?? ""] : []),
            row.credential ?? "(none)",
            [row.method, row.algorithm].filter((word) => word !== null).join(" "),
            row.expires ?? "",
            row.live ? (row.accepted ? "yes" : "not accepted") : "no",
            row.lastApplied ?? "",
        ]),
    );
}

function renderTokens(rows: TokenRow[]): string {
    if (rows.length === 0) return "No consumers, neither in the config nor at Cloudflare.";
    return table(
        ["consumer", "credential", "expires", "expires at Cloudflare", "live"],
        rows.map((row) => [
            row.consumer,
            row.credential ?? "(none)",
            row.expires ?? "",
            row.ends ?? "",
            row.live ? (row.enabled ? "yes" : "disabled") : "no",
        ]),
    );
}
