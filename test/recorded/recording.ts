/** Previews of the engine that are kept as files, so that unit tests read what it says and not what somebody wrote. */
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ResourceState, Step } from "../../ops/stack/review/preview";
import { ROOT } from "../../sandbox/world/state";
import { succeeded, type EngineStack } from "../engine/stack";

/** Each preview of a set, by what changes in it. */
export type Recording = Record<string, { steps: object[] }>;

const fileOf = (set: string) => join(ROOT, "test/recorded", `${set}.json`);

export function read(set: string): Recording {
    return JSON.parse(readFileSync(fileOf(set), "utf8")) as Recording;
}

/** Previews of one set, as they are made. */
export class Recorder {
    private readonly made: Recording = {};

    constructor(private readonly set: string) {}

    /**
     * Previews the stack as it is configured, and keeps that.
     * @param dir folder of the world, which no recording names
     */
    async preview(what: string, stack: EngineStack, dir: string, ...args: string[]): Promise<void> {
        const run = args.length > 0 ? stack.run(args) : stack.preview("--json");
        const { stdout } = succeeded(await run);
        this.made[what] = masked(JSON.parse(stdout) as Digest, dir);
        const text = JSON.stringify(this.made[what]);
        for (const secret of ["PRIVATE KEY", homedir(), ROOT, dir]) assert.ok(!text.includes(secret), secret);
    }

    write(): void {
        writeFileSync(fileOf(this.set), textOf(this.made));
    }
}

/** A step on each line, so that a difference shows which. */
function textOf(made: Recording): string {
    const previews = Object.entries(made).map(([what, { steps, ...rest }]) => {
        const lines = steps.map((step) => JSON.stringify(step)).join(",\n");
        return `${JSON.stringify(what)}: ${JSON.stringify(rest).slice(0, -1)},"steps":[\n${lines}\n]}`;
    });
    return `{\n${previews.join(",\n")}\n}\n`;
}

interface Digest {
    config?: object;
    steps?: Step[];
    changeSummary?: object;
}

/** What a review reads of a preview: no outputs, and no code of dynamic providers. Pulumi has hidden the secrets in it. */
function masked({ config, steps = [], changeSummary }: Digest, dir: string): Recording[string] {
    const kept = { config, changeSummary, steps: steps.filter(({ op }) => op !== "same").map(stepOf) };
    const text = JSON.stringify(kept)
        .replaceAll(dir, "/sandbox")
        .replaceAll(ROOT, "/clone")
        .replaceAll(homedir(), "/home/operator");
    return JSON.parse(text) as Recording[string];
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
