/** The command line with a fake Pulumi that answers from memory, and with a stack file in its own folder. */
import { renderConsumer } from "../../../components/consumers/consumer";
import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../ops/cli";
import type { AuditGateway } from "../../../ops/gateway/audit";
import type { Context } from "../../../ops/context";
import type { PulumiResult } from "../../../ops/stack/pulumi";
import { parse } from "yaml";
import { HOST_KEY, SSH_KEY } from "../kit/cloudflare";
import { KUBECONFIG as KUBECONFIG_TEXT } from "../kit/intra-a";

/** The current day in every test. */
export const TODAY = "2026-11-25T12:00:00Z";

export const STACK_FILE = `# the shipped stack
config:
    alpa-auth:option: intra-a # the one that is built
    alpa-auth:alpa:
        endpoints: ["10.20.96.188:20001"]
    alpa-auth:consumers:
        - name: alice
          credentials:
              - { id: a1, method: key } # in use
              - { id: a2, method: key, expires: "2026-12-01" }
              - { id: old, method: key, expires: "2026-11-20" }
        - name: tokens
          credentials:
              - { id: hs, method: jwt, algorithm: HS256 }
              - { id: gone, method: jwt, algorithm: HS256, expires: "2026-11-25" }
              - id: rs
                method: jwt
                algorithm: RS256
                publicKey: |
                    -----BEGIN PUBLIC KEY-----
                    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqffjQGCh5PqDE84Kk7jO
                    F7exF90AHUs2tW1+YbpFsp6eA+qnpcx66UVIGi/iWi1Cd6Os9n/ojZRj0nb8P/29
                    gts5vJP1/Imna/cuUTujWbBWxAkBVinTJmxtWIv2sQyMJ55LmfV9VfsL8fKSzrge
                    tTqd6CMjJtB35ewPIttDhzY0y+K6M4ijcjp2hPUOtOASQP2NxjcN3aZgmT+pCcOE
                    5OVHsS44Z1XcIs9Fuu3zNUb1XJ4RcTQbPF6NGjWMrI4MTM7+H3P6tm8VjGS/nDrn
                    I3HtWBruszBglQ5MWSreDl4SG0RybbU+vChlT5jBKfebuQVjzXW8hSZR2qOeXDUR
                    3wIDAQAB
                    -----END PUBLIC KEY-----
`;

/** Option cloudflare, without callers. */
export const EDGE_FILE = `config:
    alpa-auth:option: cloudflare
    alpa-auth:account: "0123456789abcdef0123456789abcdef"
    alpa-auth:hostname: llm.example.com
    alpa-auth:zone: { name: example.com, plan: pro }
    alpa-auth:alpa: { endpoints: ["127.0.0.1:20001"], tokensPerSecond: 12 }
    alpa-auth:teamName: example
    alpa-auth:ssh: { user: ubuntu, privateKey: { secure: CIPHERTEXT } }
    alpa-auth:tunnel:
        version: 2026.8.2
        sha256: "${"a".repeat(64)}"
        hosts:
            - address: 10.0.0.11
              hostKey: ${HOST_KEY}
`;

export const SECRETS = { key: "KEY-of-alice-a1-0123456789", jwt: "SECRET-of-tokens-hs-0123456789abcdef" };

export const OUTPUTS = {
    url: "http://127.0.0.1:9/alpa",
    credentials: { "alice/a1": SECRETS.key, "alice/a2": "KEY-of-alice-a2-0123456789" },
    jwtSecrets: { "tokens/hs": SECRETS.jwt },
};

export interface Call {
    args: string[];
    input?: string;
    signal?: AbortSignal;
}

/** The fake Pulumi's answer to a call. If it is undefined, Pulumi answers as for a healthy stack. */
export type Says = (call: Call) => Partial<PulumiResult> | Promise<Partial<PulumiResult>> | undefined;

/** A fake Pulumi whose `up` changes the state and fails. @param pending number of operations that it leaves pending */
export function failsHalfWay(pending = 0): Says {
    let ups = 0;
    return ({ args }) => {
        if (args[0] === "up") return { code: 255, stdout: `Updating (intra), run ${++ups}\n` };
        if (args[1] !== "export") return undefined;
        const manifest = { time: `2026-11-25T11:0${ups}:00Z` };
        const deployment = { manifest, pending_operations: ups === 0 ? [] : Array(pending).fill({}) };
        return { stdout: JSON.stringify({ deployment }) };
    };
}

export interface Bench {
    /** Folder of the stack file. */
    folder: string;
    file: string;
    /** All calls of Pulumi. */
    calls: Call[];
    ops(...args: string[]): Promise<Said>;
    write(text: string): void;
    text(): string;
}

export interface Said {
    code: number;
    out: string;
    note: string;
}

/** Awaits a command, which must end with this exit code. @returns what it printed */
export async function exits<T extends Said>(code: number, command: Promise<T>, why = ""): Promise<T> {
    const said = await command;
    assert.equal(said.code, code, [why, said.out, said.note].join("\n"));
    return said;
}

export interface BenchOptions {
    text?: string;
    outputs?: object;
    says?: Says;
    /** Objects in APISIX that are not the ingress controller's. @default none */
    auditGateway?: AuditGateway;
    openReader?: Context["openReader"];
    /** State of a port at an address. @default every port is closed, even if a program listens on this machine */
    stateOfPort?: Context["stateOfPort"];
    /** Root of a clone. @default that of this repository */
    program?: string;
    /** Folder of the stack file. @default its own */
    folder?: string;
}

/** Sets the kubeconfig of this machine for the tests of a suite. */
export function useKubeconfig(): void {
    const { KUBECONFIG } = process.env;
    let folder: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-kubeconfig-"));
        process.env.KUBECONFIG = join(folder, "kubeconfig");
        writeFileSync(process.env.KUBECONFIG, KUBECONFIG_TEXT);
    });
    after(() => {
        rmSync(folder, { recursive: true });
        if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
        else process.env.KUBECONFIG = KUBECONFIG;
    });
}

let folders: string[] = [];

afterEach(() => {
    folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
    folders = [];
});

export function bench(options: BenchOptions = {}): Bench {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), "alpa-auth-ops-"));
    if (options.folder === undefined) folders.push(folder);
    const file = join(folder, "Pulumi.intra.yaml");
    const calls: Call[] = [];
    const write = (text: string) => writeFileSync(file, text);
    write(options.text ?? STACK_FILE);
    const ops = async (...args: string[]): Promise<Said> => {
        const said = { out: "", note: "" };
        const code = await run(args, {
            folder,
            today: new Date(TODAY),
            program: options.program,
            openReader: options.openReader,
            auditGateway: options.auditGateway ?? (async () => ({ foreign: [] })),
            stateOfPort: options.stateOfPort ?? (async () => "closed"),
            out: (text) => (said.out += `${text}\n`),
            note: (text) => (said.note += `${text}\n`),
            pulumi: async (args, { input, onLine, signal } = {}) => {
                calls.push({ args, input });
                const answer =
                    (await options.says?.({ args, input, signal })) ??
                    healthy(args, options.outputs ?? OUTPUTS, () => readFileSync(file, "utf8"));
                const result = { code: 0, stdout: "", stderr: "", ...answer };
                // Pulumi saves the plan of each preview that succeeds.
                const plan = savedPlan(args);
                if (plan && result.code === 0 && !existsSync(plan)) writeFileSync(plan, '{"resourcePlans":{}}');
                result.stdout.split("\n").forEach((line) => onLine?.(line));
                return result;
            },
        });
        return { code, ...said };
    };
    return { folder, file, calls, ops, write, text: () => readFileSync(file, "utf8") };
}

/** File to which a preview saves its plan. */
export const savedPlan = (args: string[]) =>
    args.find((word) => word.startsWith("--save-plan="))?.slice("--save-plan=".length);

function healthy(args: string[], outputs: object, text: () => string): Partial<PulumiResult> {
    const command = args.slice(0, 2).join(" ");
    if (command === "config --json") return { stdout: JSON.stringify(decrypted(parse(text()).config)) };
    if (command === "stack --show-name") return { stdout: "intra\n" };
    if (command === "stack output") return { stdout: JSON.stringify(outputs) };
    if (command === "stack export") return { stdout: '{"version":3,"deployment":{}}' };
    if (args[0] === "preview") return { stdout: '{"steps":[],"changeSummary":{}}' };
    if (args[0] === "up") return { stdout: "Updating (intra)\n" };
    throw new Error(`no fake for pulumi ${args.join(" ")}`);
}

/** Values of encrypted keys, by the name of the key. */
const PLAIN: Record<string, string> = { privateKey: SSH_KEY, kubeconfig: KUBECONFIG_TEXT };

/** A config as `pulumi config --json --show-secrets` prints it. */
function decrypted(config: Record<string, unknown>): object {
    const plain = (key: string, value: any): any => {
        if (typeof value !== "object" || value === null) return value;
        if (typeof value.secure === "string") return PLAIN[key] ?? `plain-of-${value.secure}-0123456789`;
        if (Array.isArray(value)) return value.map((one) => plain("", one));
        return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(name, one)]));
    };
    const all = Object.entries(config).map(([key, value]) => [key, plain(key.replace(/.*:/, ""), value)] as const);
    return Object.fromEntries(all.map(([key, value]) => [key, { value, objectValue: value }]));
}

const BINDING = { ingressClass: "alpa-auth", gateway: "alpa-auth", gatewayNamespace: "alpa-auth-gateway" };

/** Spec of a caller with keys, as the program renders it. */
export function callerSpec(name: string, ids: string[]) {
    const credentials = ids.map((id) => ({ id, method: "key" as const }));
    return renderConsumer({ name, limits: {}, credentials }, BINDING, "alpa-auth");
}
