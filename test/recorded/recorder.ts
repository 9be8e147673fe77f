/** Runs previews on the engine and stores them as files, for recording.ts. */
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { parse } from "yaml";
import type { ResourceState, Step } from "../../ops/stack/review/preview";
import { ROOT } from "../../sandbox/world/state";
import { succeeded, type EngineStack } from "../engine/kit/stack";
import { withoutGenerated } from "./generated";
import { madeBy, type Made } from "./made";
import { pathOf, read, textOf, type Config, type Recorded, type Recording } from "./recording";

/** Records the previews of one set. */
export class Recorder {
    private made!: Made;
    private before: Config = {};
    /** Outputs of the stack in plain text, which no preview may contain. */
    private secrets: string[] = [];
    private readonly previews: Recording = {};

    constructor(private readonly set: string) {}

    /** Deploys the stack with its config. Later previews are changes of this deployment. */
    async up(stack: EngineStack): Promise<void> {
        succeeded(await stack.up());
        this.made = await madeBy(stack);
        this.before = configOf(stack.file);
        this.secrets = await secretsOf(stack);
    }

    /**
     * Records a preview of the stack with its config.
     * @param dir folder of the world: its path is replaced in recordings
     */
    async preview(what: string, stack: EngineStack, dir: string, ...args: string[]): Promise<void> {
        const run = args.length > 0 ? stack.run(args) : stack.preview("--json");
        const { stdout } = succeeded(await run);
        for (const secret of this.secrets) assert.ok(!stdout.includes(secret), `${what}: shows a secret`);
        const { made, before } = this;
        this.previews[what] = masked({ made, before, ...(JSON.parse(stdout) as Digest) }, dir);
        const text = JSON.stringify(this.previews[what]);
        for (const secret of ["PRIVATE KEY", homedir(), ROOT, dir]) assert.ok(!text.includes(secret), secret);
    }

    /** Writes the file. Previews that this run has not recorded stay in it. */
    write(): void {
        if (Object.keys(this.previews).length === 0) return;
        const kept = existsSync(pathOf(this.set)) ? read(this.set) : {};
        writeFileSync(pathOf(this.set), textOf({ ...kept, ...withoutGenerated(this.previews) }));
    }
}

function configOf(file: string): Config {
    const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    const shown = (_: string, value: any) => (value?.secure === undefined ? value : "[secret]");
    return Object.fromEntries(
        Object.entries(config).map(([key, value]) => [
            key,
            typeof value === "string" ? value : JSON.stringify(value, shown),
        ]),
    );
}

/** Texts of the stack's secret outputs. */
async function secretsOf(stack: EngineStack): Promise<string[]> {
    const [shown, plain] = await Promise.all(
        [[], ["--show-secrets"]].map(async (more) =>
            JSON.parse(await stack.must(["stack", "output", "--json", ...more])),
        ),
    );
    const secret = Object.keys(plain).filter((name) => shown[name] === "[secret]");
    return secret.flatMap((name) => textsIn(plain[name])).filter((text) => text.length >= 16);
}

/** The id of a service token is no secret, and previews contain it. */
function textsIn(value: unknown): string[] {
    if (typeof value === "string") return [value];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, part]) => (key === "clientId" ? [] : textsIn(part)));
}

type Origin = Pick<Recorded, "made" | "before">;

interface Digest {
    config?: Config;
    steps?: Step[];
    changeSummary?: object;
}

/**
 * The parts of a preview that a review reads, without outputs and code of dynamic providers. Pulumi has already hidden
 * the secrets. The steps are sorted, because their order differs from run to run.
 */
function masked({ made, before, config, steps = [], changeSummary }: Digest & Origin, dir: string): Recorded {
    const told = steps.filter(({ op, urn, oldState }) => op !== "same" || oldState?.urn !== urn);
    const sorted = told.map(stepOf).sort((a, b) => (a.urn < b.urn ? -1 : Number(a.urn > b.urn)));
    const kept = { made, before, config, changeSummary, steps: sorted };
    const text = JSON.stringify(kept)
        .replaceAll(dir, "/sandbox")
        .replaceAll(ROOT, "/clone")
        .replaceAll(homedir(), "/home/operator");
    return JSON.parse(text) as Recorded;
}

function stepOf({ op, urn, oldState, newState, replaceReasons, diffReasons, detailedDiff }: Step): Step {
    return {
        op,
        urn,
        oldState: stateOf(oldState),
        newState: stateOf(newState),
        replaceReasons,
        diffReasons,
        detailedDiff: detailedDiff ?? undefined,
    };
}

function stateOf(state: ResourceState | undefined): ResourceState | undefined {
    if (!state) return undefined;
    const { urn, type, custom, id, parent, protect, retainOnDelete } = state;
    const inputs = withoutCode(state.inputs) as ResourceState["inputs"];
    return { urn, type, custom, id, parent, inputs, protect, retainOnDelete };
}

function withoutCode(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutCode);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([key]) => !key.startsWith("__"));
    return Object.fromEntries(entries.map(([key, part]) => [key, withoutCode(part)]));
}
