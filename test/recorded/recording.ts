/**
 * Previews of the engine that are stored as files, so that unit tests read real results instead of handwritten ones.
 */
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { ResourceState, Step } from "../../ops/stack/review/preview";
import { ROOT } from "../../sandbox/world/state";
import { succeeded, type EngineStack } from "../engine/kit/stack";
import { madeBy, type Made } from "./made";

/** Values of a config by whole key, as the engine passes them: secrets as `[secret]`, mappings as JSON. */
export type Config = Record<string, string>;

export interface Recorded {
    made: Made;
    /** Config of the stack before the change; undefined where it was empty. */
    before: Config;
    /** The config that was previewed. */
    config: Config;
    changeSummary?: object;
    /** Steps other than `same`, and those that only rename a resource. */
    steps: Step[];
}

/** The previews of a set, by the name of the change. */
export type Recording = Record<string, Recorded>;

const fileOf = (set: string) => join(ROOT, "test/recorded", `${set}.json`);

export function read(set: string): Recording {
    return JSON.parse(readFileSync(fileOf(set), "utf8")) as Recording;
}

/** Records the previews of one set. */
export class Recorder {
    private made: Made | undefined;
    private before: Config = {};
    /** Outputs of the stack in plain text, which no preview may contain. */
    private secrets: string[] = [];
    private readonly previews: Recording = {};

    constructor(private readonly set: string) {}

    /** Deploys the stack with its config: later previews are of changes of that. */
    async up(stack: EngineStack): Promise<void> {
        succeeded(await stack.up());
        await this.from(stack);
    }

    /** Records a stack that is already deployed. */
    async from(stack: EngineStack): Promise<void> {
        this.made = await madeBy(stack);
        this.before = configOf(stack.file);
        this.secrets = await secretsOf(stack);
    }

    /** Previews the stack with its config, and keeps the result. @param dir folder of the world, which no recording may name */
    async preview(what: string, stack: EngineStack, dir: string, ...args: string[]): Promise<void> {
        const run = args.length > 0 ? stack.run(args) : stack.preview("--json");
        const { stdout } = succeeded(await run);
        for (const secret of this.secrets) assert.ok(!stdout.includes(secret), `${what}: shows a secret`);
        const made = (this.made ??= await madeBy(stack));
        this.previews[what] = masked({ made, before: this.before, ...(JSON.parse(stdout) as Digest) }, dir);
        const text = JSON.stringify(this.previews[what]);
        for (const secret of ["PRIVATE KEY", homedir(), ROOT, dir]) assert.ok(!text.includes(secret), secret);
    }

    /** Keeps the previews of the file that this run has not recorded, so that a single preview can be recorded again. */
    write(): void {
        const file = fileOf(this.set);
        const kept = existsSync(file) ? read(this.set) : {};
        writeFileSync(file, textOf({ ...kept, ...this.previews }));
    }
}

/** Writes one step per line, so that a diff shows which step changed. */
function textOf(previews: Recording): string {
    const texts = Object.entries(previews).map(([what, { steps, ...rest }]) => {
        const lines = steps.map((step) => JSON.stringify(step)).join(",\n");
        return `${JSON.stringify(what)}: ${JSON.stringify(rest).slice(0, -1)},"steps":[\n${lines}\n]}`;
    });
    return `{\n${texts.join(",\n")}\n}\n`;
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

/** Texts of the outputs that Pulumi shows only with --show-secrets. */
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
 * The parts of a preview that a review reads: no outputs, and no code of dynamic providers. Pulumi has hidden the secrets in
 * it.
 */
function masked({ made, before, config, steps = [], changeSummary }: Digest & Origin, dir: string): Recorded {
    const told = steps.filter(({ op, urn, oldState }) => op !== "same" || oldState?.urn !== urn);
    const kept = { made, before, config, changeSummary, steps: told.map(stepOf) };
    const text = JSON.stringify(kept)
        .replaceAll(dir, "/sandbox")
        .replaceAll(ROOT, "/clone")
        .replaceAll(homedir(), "/home/operator");
    return JSON.parse(text) as Recorded;
}

function stepOf({ op, urn, oldState, newState, replaceReasons, diffReasons, detailedDiff }: Step): object {
    return {
        op,
        urn,
        oldState: stateOf(oldState),
        newState: stateOf(newState),
        replaceReasons,
        diffReasons,
        detailedDiff,
    };
}

function stateOf(state: ResourceState | undefined): object | undefined {
    if (!state) return undefined;
    const { urn, type, custom, id, inputs, protect, retainOnDelete } = state;
    return { urn, type, custom, id, inputs: withoutCode(inputs), protect, retainOnDelete };
}

function withoutCode(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutCode);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([key]) => !key.startsWith("__"));
    return Object.fromEntries(entries.map(([key, part]) => [key, withoutCode(part)]));
}
