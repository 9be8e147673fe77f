/**
 * The command line on a stack of option intra-b whose model can be upgraded: a fake Pulumi answers from memory, with the rules
 * of its checks, and an HTTP service replaces gateway and Alpa.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import {
    stageOf,
    stepsFrom,
    upgradeStateOf,
    type Stage,
    type UpgradePhase,
} from "../../../../components/opt/conversion-phases";
import type { Entry } from "../../../../ops/cutover/audit";
import type { PulumiResult } from "../../../../ops/stack/pulumi";
import { CONVERT_FILE, recordsIn, serve, SSH_KEY, VERIFIER_KEY } from "../convert/service";
import { bench, SECRETS, type Bench, type Says } from "../kit";

export const UPGRADE_FILE = CONVERT_FILE.replace("option: intra-a # for now", "option: intra-b").replace(
    "    budgetMinutes: 60",
    "    phase: done\n    budgetMinutes: 60",
);
export const IMAGE = "registry.example.com/alpa-serving:1.1.0";

interface State {
    /** Last stage that `pulumi up` has reached. */
    reached: Stage;
    /** Target stage of the last `pulumi up`. */
    going: Stage;
    /** How often `pulumi up` to a stage fails. */
    failing: Partial<Record<Stage, number>>;
    onUp: (to: Stage) => unknown;
    /** Answers of each version to a completion, by the tag of its image. */
    says: Record<string, string>;
    /** Tag of the running image; undefined: none. */
    runs?: string;
    callerStatus?: number;
    ups: Stage[];
}

export interface UpgradeBench extends Bench {
    state: State;
    record(): Entry[];
}

type Config = Record<string, any>;

export async function upgradeBench(text = UPGRADE_FILE, answers: Says = () => undefined): Promise<UpgradeBench> {
    const state: State = {
        reached: "done",
        going: "done",
        failing: {},
        onUp: () => undefined,
        says: { "1.0.0": " France", "1.1.0": " France" },
        runs: "1.0.0",
        ups: [],
    };
    const isDown = () => state.reached !== "done" && upgradeStateOf(state.reached.slice(8) as UpgradePhase).refused;
    const port = await serve((path, key) => {
        if (path.startsWith("/alpa-verification/")) {
            if (key !== VERIFIER_KEY) return { status: 401 };
            return state.runs === undefined ? { status: 503 } : { status: 200, text: state.says[state.runs] };
        }
        if (key !== SECRETS.key) return { status: 401 };
        if (isDown()) return { status: 503 };
        return { status: state.callerStatus ?? 200, text: " France" };
    });
    const openHolder = () => ({ beatSeconds: 0.02, read: async () => undefined, beat: async () => undefined });
    const openReader = () => async () => ({});
    const it = bench({ text, openHolder, openReader, says: (call) => answers(call) ?? pulumi(call.args) });
    const config = (): Config => parse(readFileSync(it.file, "utf8")).config;

    function pulumi(args: string[]): Partial<PulumiResult> | undefined {
        const command = args.slice(0, 2).join(" ");
        if (args[0] === "version") return { stdout: "v3.274.1\n" };
        if (args[0] === "preview") return { stdout: "Previewing\n" };
        if (command === "stack output") return { stdout: JSON.stringify(outputs()) };
        if (command === "config --json") {
            const value = config()["alpa-auth:convert"];
            value.bareMetal.hosts[0].privateKey = SSH_KEY;
            return { stdout: JSON.stringify({ "alpa-auth:convert": { value: "", objectValue: value, secret: true } }) };
        }
        return args[0] === "up" ? up() : undefined;
    }

    function up(): Partial<PulumiResult> {
        const { "alpa-auth:opt": opt, "alpa-auth:convert": convert } = config();
        const to = stageOf({ phase: convert.phase, upgrade: opt.upgrade });
        state.ups.push(to);
        const allowed = state.going === state.reached ? stepsFrom(state.reached) : [state.reached, state.going];
        if (!allowed.includes(to)) return failed(`no step leads from ${state.reached} to ${to}`);
        state.going = to;
        state.onUp(to);
        const times = state.failing[to] ?? 0;
        if (times > 0) {
            state.failing[to] = times - 1;
            return failed(`${to} fails in this test`);
        }
        state.reached = to;
        const runs = to === "done" ? "old" : upgradeStateOf(to.slice(8) as UpgradePhase).runs;
        state.runs =
            runs === "none" ? undefined : runs === "new" ? { ...opt, ...opt.upgrade }.image.tag : opt.image.tag;
        return { stdout: "Updating (intra)\n" };
    }

    function outputs(): object {
        const base = `http://127.0.0.1:${port}`;
        const verification = { url: `${base}/alpa-verification`, key: VERIFIER_KEY };
        const upgrade = state.reached === "done" ? {} : { upgrade: state.reached.slice(8) };
        return {
            url: `${base}/alpa`,
            credentials: { "alice/a1": SECRETS.key },
            conversion: { phase: "done", ...upgrade, verification },
        };
    }

    return { ...it, state, record: () => recordsIn(join(it.folder, ".alpa-auth/model-upgrade")) };
}

function failed(why: string): Partial<PulumiResult> {
    return { code: 255, stdout: `    error: ${why}\nerror: update failed\n` };
}
