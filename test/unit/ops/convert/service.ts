/**
 * The command line on a stack of option intra-a with the settings for a conversion: a fake Pulumi answers from memory, and an
 * HTTP service replaces gateway and Alpa.
 */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readConversionState, type ConversionState } from "../../../../config/conversion-state";
import type { ObjectRef } from "../../../../components/kubernetes/cluster-reader";
import type { Entry } from "../../../../ops/convert/audit";
import type { ClusterHolder } from "../../../../ops/convert/lock/holder";
import { isDown, type Place } from "../../../../ops/convert/phases";
import { placeIn } from "../../../../ops/convert/stack-edit";
import { parse } from "yaml";
import { bench, SECRETS, type Bench, type Says } from "../kit";
import type { PulumiResult } from "../../../../ops/stack/pulumi";
import { listen } from "../../kit/http";

export const VERIFIER_KEY = "KEY-of-the-verifier-0123456789";
const SSH_KEY = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const HOST_KEY = `ssh-ed25519 ${"A".repeat(64)}`;

export const CONVERT_FILE = `config:
  alpa-auth:option: intra-a # for now
  alpa-auth:alpa:
    endpoints: [ "10.20.96.188:20001" ]
  alpa-auth:opt:
    image: { repository: registry.example.com/alpa-serving, tag: 1.0.0 }
    model: alpa/opt-66b
    gpuMemory: 40Gi
    gpusPerNode: 8
    nodes: [ dgx-01, dgx-02 ]
    rayVersion: 2.0.0
    weights: { hostPath: /data/opt_weights }
  alpa-auth:convert:
    budgetMinutes: 60 # agreed with the callers
    bareMetal:
      hosts:
        - address: 10.20.96.188
          hostKey: ${HOST_KEY}
          user: ops
          privateKey: { secure: CIPHER }
      unit: alpa-ray.service
  alpa-auth:consumers:
    - name: alice
      credentials:
        - { id: a1, method: key }
`;

/** The stack file in a phase of a conversion. */
export function fileAt(phase: string): string {
    return CONVERT_FILE.replace("option: intra-a", "option: intra-b").replace(
        "      unit: alpa-ray.service\n",
        `$&    phase: ${phase}\n`,
    );
}

/** Calls the command's listener for a signal. The process does not get the signal, because mocha would end. */
export function interrupt(signal: "SIGINT" | "SIGHUP" = "SIGINT"): void {
    (process.listeners(signal).at(-1) as () => void)();
}

/** Settings and observations of a test. */
interface State {
    /** The last phase that `pulumi up` has reached, as in the outputs. */
    reached: Place;
    /** How often `pulumi up` to a phase fails. */
    failing: Partial<Record<Place, number>>;
    /** Called with each `pulumi up` as it begins. */
    onUp: (to: Place) => unknown;
    /** Output `conversion.holder` of the stack. */
    holder?: { name: string; until: string };
    /** Holder of the conversion in the cluster's record. */
    inCluster?: ClusterHolder;
    /** The name of the holder in each heartbeat to the cluster. */
    beats: string[];
    /** Called for each read of the cluster. */
    onLook: () => void;
    /** Callers by `<consumer>/<credential>`, with their keys. */
    callers: Record<string, string>;
    /** Status that callers get, instead of the component's answers, while their routes point to the component. */
    callerStatus?: number;
    /** Credentials whose Secret is deleted, by `<consumer>.<credential>`. */
    blocked: string[];
    /** Keys of callers that are over their limit. */
    limited: string[];
    /**
     * Status of the component's answers to the verifier, until the rollback. @default the component answers with 200
     */
    verifierStatus?: number;
    /** Called for each request to the verification route, which then never answers. */
    silent?: () => void;
    /** Text with which bare metal and the component each answer a completion. */
    says: { bareMetal: string; component: string };
    /** Target phase of each `pulumi up`, in order. */
    ups: Place[];
    /** The stack file that Pulumi reads. */
    file: () => string;
}

export interface ConvertBench extends Bench {
    state: State;
    /** State of the conversion that the commands have saved. */
    saved(): ConversionState;
    /** Entries of all records, oldest first. */
    record(): Entry[];
}

/** @param answers Pulumi's answers that differ from those of a healthy stack */
export async function convertBench(
    text = CONVERT_FILE,
    answers: Says = () => undefined,
    refusalSeconds = 0,
): Promise<ConvertBench> {
    const state: State = {
        file: () => it.file,
        reached: placeIn(text) ?? "intra-a",
        failing: {},
        callers: { "alice/a1": SECRETS.key },
        blocked: [],
        limited: [],
        onUp: () => undefined,
        onLook: () => undefined,
        beats: [],
        says: { bareMetal: " France", component: " France" },
        ups: [],
    };
    const port = await serve((path, key) => {
        if (path.startsWith("/alpa-verification/")) {
            if (key !== VERIFIER_KEY) return { status: 401 };
            if (state.silent !== undefined) return state.silent();
            const component = ["start", "verify", "switch", "done"].includes(state.reached);
            if (component && state.verifierStatus !== undefined) return { status: state.verifierStatus };
            return { status: 200, text: component ? state.says.component : state.says.bareMetal };
        }
        const [who] = Object.entries(state.callers).find(([, one]) => one === key) ?? [];
        if (who === undefined || state.blocked.includes(who.replace("/", "."))) return { status: 401 };
        if (state.limited.includes(key as string)) return { status: 429 };
        if (isDown(state.reached)) return { status: 503 };
        const component = ["switch", "done"].includes(state.reached);
        return component && state.callerStatus ? { status: state.callerStatus } : { status: 200, text: " France" };
    });
    const openHolder = () => ({
        beatSeconds: 0.02,
        read: async () => {
            state.onLook();
            return state.inCluster && { ...state.inCluster };
        },
        beat: async (name: string, who: string) => {
            state.beats.push(name);
            if (state.inCluster?.name === name) state.inCluster.beat = `${performance.now()} ${who}`;
        },
    });
    const openReader = () => async (ref: ObjectRef) => (state.blocked.includes(ref.name) ? undefined : {});
    const says: Says = (call) => answers(call) ?? pulumi(call.args);
    const it = bench({ text, refusalSeconds, openHolder, openReader, says });
    const read = () => readFileSync(state.file(), "utf8");
    const saved = () => readConversionState(it.folder, basename(state.file()).split(".")[1]);
    const ofFile = () => parse(read()).config["alpa-auth:convert"];

    function pulumi(args: string[]): Partial<PulumiResult> | undefined {
        const command = args.slice(0, 2).join(" ");
        if (args[0] === "version") return { stdout: "v3.274.1\n" };
        if (args[0] === "preview" && args.includes("--json")) return undefined;
        if (args[0] === "preview") return { stdout: "Previewing\n" };
        if (command === "stack output") return { stdout: JSON.stringify(outputs(state, port)) };
        if (command === "config --json") {
            const value = ofFile();
            value.bareMetal.hosts[0].privateKey = SSH_KEY;
            return { stdout: JSON.stringify({ "alpa-auth:convert": { value: "", objectValue: value, secret: true } }) };
        }
        return args[0] === "up" ? up() : undefined;
    }

    function up(): Partial<PulumiResult> {
        const to = placeIn(read())!;
        state.ups.push(to);
        state.inCluster = saved().holder;
        state.onUp(to);
        const times = state.failing[to] ?? 0;
        if (times > 0) {
            state.failing[to] = times - 1;
            return { code: 255, stdout: `    error: ${to} fails in this test\nerror: update failed\n` };
        }
        state.reached = to;
        state.holder = saved().holder;
        if (to === "intra-a") state.inCluster = undefined;
        return { stdout: "Updating (intra)\n" };
    }

    return { ...it, state, saved, record: () => recordsIn(join(it.folder, ".alpa-auth/convert")) };
}

/** Entries of all records of a folder, oldest first. */
function recordsIn(folder: string): Entry[] {
    const names = existsSync(folder) ? readdirSync(folder).sort() : [];
    return names
        .filter((name) => name.endsWith(".jsonl"))
        .flatMap((name) => readFileSync(join(folder, name), "utf8").trim().split("\n"))
        .map((line) => JSON.parse(line) as Entry);
}

function outputs({ reached, holder, callers }: State, port: number): object {
    const base = `http://127.0.0.1:${port}`;
    const verification = { url: `${base}/alpa-verification`, key: VERIFIER_KEY };
    const conversion = reached === "intra-a" ? {} : { conversion: { phase: reached, verification, holder } };
    return { url: `${base}/alpa`, credentials: callers, ...conversion };
}

type Reply = { status: number; text?: string };

/** An HTTP service that runs until the test is over. @param reply undefined: never answers */
async function serve(reply: (path: string, key: unknown) => Reply | void): Promise<number> {
    const server = createServer((request, response) => {
        request.resume().on("end", () => {
            const said = reply(request.url!, request.headers.apikey);
            if (said === undefined) return;
            const { status, text } = said;
            const headers: Record<string, string> = { "Content-Type": "application/json" };
            if (status === 503) headers["Retry-After"] = "60";
            const result = request.url!.endsWith("/completions")
                ? { id: "1", object: "text_completion", created: 1, choices: [{ text }] }
                : { cache_id: "1", logprobs: [[-0.5, -1.5]], indices: [[11, 12]] };
            const error = { type: "error", message: "come again", stacktrace: "" };
            response.writeHead(status, headers).end(JSON.stringify(status === 200 ? result : error));
        });
    });
    return listen(server);
}
