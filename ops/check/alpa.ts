import { dirname } from "node:path";
import type { AlpaWatchdogArgs } from "../../components/hosts/watchdog/alpa-watchdog";
import { PAUSE_SECONDS } from "../../components/hosts/watchdog/progress";
import { STATE_FILE } from "../../components/hosts/watchdog/units";
import { placeOf } from "../../components/hosts/ssh-host";
import { plainHost, runOnHost, type RunOnHost } from "../../components/hosts/ssh-run";
import { timeLimit, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { errorMessage, FindingsError, UsageError } from "../errors";
import { json, table } from "../output";
import { readSecrets, readSettings } from "../stack/config-check";
import { findStack } from "../stack/stack";

export const command: AddCommand = (check, context) =>
    withExamples(
        withJson(withStack(check.command("alpa"))),
        "check alpa --stack intra",
        "check alpa --timeout 60 --json",
    )
        .description(
            "Read what alpa.watchdog has found on Alpa's hosts; exit with 3 unless Alpa makes progress on every host",
        )
        .option("--timeout <seconds>", "longest time for reading the state of all hosts", timeLimit, 30)
        .action((args) => checkAlpa(context, args));

interface CheckAlpaArgs {
    stack?: string;
    json?: boolean;
    timeout: number;
}

/** What one host's watchdog has found. */
interface WatchedHost {
    host: string;
    /** `answers`, `stuck`, `loading`, `absent` or `rejected`, from progress.sh; `unknown` if no recent state can be read. */
    state: string;
    why: string;
    /** How long the host has been in this state, in seconds. */
    sinceSeconds?: number;
    /** Age of the watchdog's last check, in seconds. */
    lookedSeconds?: number;
    /** How often the watchdog has restarted Alpa since the host started. */
    restarts?: number;
}

type Watched = AlpaWatchdogArgs["hosts"][number];

/** Reads the state of every host's watchdog, over SSH. */
async function checkAlpa(context: Context, args: CheckAlpaArgs, run: RunOnHost = runOnHost): Promise<void> {
    const stack = await findStack(context, args.stack);
    const secrets = await readSecrets(context, stack);
    const settings = readSettings(stack.text, secrets, dirname(stack.file), context.today, stack.callers?.text);
    const watchdog = "watchdog" in settings ? settings.watchdog : undefined;
    if (watchdog === undefined)
        throw new UsageError([
            "alpa.watchdog: required, since no host checks Alpa without it. Set it, and run pulumi up.",
        ]);
    const signal = AbortSignal.timeout(args.timeout * 1000);
    const found = await Promise.all(watchdog.hosts.map((one) => readHost(one, run, signal)));
    context.out(args.json ? json(found) : render(found));
    const wrong = found.filter(({ state }) => state !== "answers");
    if (wrong.length > 0)
        throw new FindingsError(
            `${stack.short}: Alpa does not make progress on every host (${wrong.map(({ host, state }) => `${host}: ${state}`).join(", ")}). See docs/operate/alpa-hangs.md.`,
        );
    context.note(
        `${stack.short}: Alpa makes progress on ${found.length === 1 ? "its host" : `all ${found.length} hosts`}.`,
    );
}

async function readHost({ host, watchdog }: Watched, run: RunOnHost, signal: AbortSignal): Promise<WatchedHost> {
    const place = placeOf(host);
    try {
        const line = `cat ${STATE_FILE} && echo "now=$(date +%s)"`;
        const { code, stdout, stderr } = await run(await plainHost(host), line, "", signal);
        if (code !== 0) return { host: place, state: "unknown", why: stderr.trim().split("\n")[0] };
        return { host: place, ...judged(stdout, watchdog) };
    } catch (error) {
        return { host: place, state: "unknown", why: errorMessage(error) };
    }
}

/** Evaluates the state of one host. @param text content of the state file, and the host's time */
function judged(
    text: string,
    { idleSeconds, stuckSeconds }: Pick<Watched["watchdog"], "idleSeconds" | "stuckSeconds">,
): Omit<WatchedHost, "host"> {
    const fields = Object.fromEntries(
        text.split("\n").flatMap((line) => {
            const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
            return name === undefined ? [] : [[name, value]];
        }),
    ) as Record<string, string | undefined>;
    const { state = "unknown", why = "", now, since, looked, restarts } = fields;
    const ago = (then: string | undefined) => Math.max(0, Number(now) - Number(then));
    const times = { sinceSeconds: ago(since), lookedSeconds: ago(looked), restarts: Number(restarts) };
    // A check can take long, because the watchdog's request waits in Alpa's queue behind the requests of callers.
    const oldest = 2 * stuckSeconds + idleSeconds + PAUSE_SECONDS;
    if (!(times.lookedSeconds <= oldest))
        return {
            state: "unknown",
            why: `the watchdog's last check is older than ${oldest} s (it found: ${state})`,
            ...times,
        };
    return { state, why, ...times };
}

function render(found: WatchedHost[]): string {
    const seconds = (n: number | undefined) => (n === undefined ? "" : `${n} s`);
    return table(
        ["host", "state", "for", "last look", "restarts", "why"],
        found.map(({ host, state, why, sinceSeconds, lookedSeconds, restarts }) => [
            host,
            state,
            seconds(sinceSeconds),
            seconds(lookedSeconds),
            restarts === undefined ? "" : String(restarts),
            why,
        ]),
    );
}
