/** The two Pulumi programs to compare, each as a stack that can be timed. */
import { qualified } from "../config/keys/gateway";
import { cpSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createStack, runPulumi } from "../sandbox/world/pulumi";
import { ROOT } from "../sandbox/world/state";
import { type Callers, ROTATED } from "./callers";
import { type Bench, writeStackFile } from "./sandbox";

/** Settings of the engine. Both programs run with the same settings. */
export interface EngineSettings {
    name: string;
    args: string[];
    env: Record<string, string>;
}

export const DEFAULT: EngineSettings = { name: "default", args: [], env: {} };

/** The settings that docs/operate/many-callers.md recommends for many callers. */
export const FAST: EngineSettings = {
    name: "fast",
    args: ["--parallel", "32"],
    env: { PULUMI_SKIP_CHECKPOINTS: "true" },
};

/** A program that creates callers, with a stack of its own. */
export abstract class Program {
    constructor(
        readonly bench: Bench,
        readonly stack: string,
        readonly settings: EngineSettings,
    ) {}

    /** Arguments that select the program. They stand before Pulumi's command. */
    protected abstract readonly where: string[];
    protected abstract readonly project: string;
    /** URN patterns of resources that a rotation changes although their names do not contain the caller's name. */
    protected abstract readonly shared: string[];

    abstract create(): Promise<void>;
    /** @param more other keys of the config, without the project's prefix */
    abstract configure(callers: Callers, more?: object): void;

    /** Called with the process id of each command. */
    onStart?: (pid: number) => void;

    /** @throws Error with the end of Pulumi's output: a failed `up` prints its cause on standard output */
    async run(args: string[]): Promise<string> {
        const all = [...this.where, ...args, "--stack", this.stack, "--non-interactive"];
        const { code, stdout, stderr } = await runPulumi(this.bench.dir, this.bench.world.facts, all, {
            env: this.settings.env,
            onStart: (pid) => this.onStart?.(pid),
        });
        if (code === 0) return stdout;
        const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-30).join("\n");
        throw new Error(`pulumi ${args.join(" ")} ended with ${code}.\n${said}`);
    }

    async up(...args: string[]): Promise<void> {
        await this.run(["up", "--yes", "--skip-preview", ...this.settings.args, ...args]);
    }

    /** Runs `up` for the rotated caller's resources only. */
    async upRotated(): Promise<void> {
        const targets = [`**::${ROTATED}`, `**::${ROTATED}.*`, `**::${ROTATED}-consumer`, ...this.shared];
        await this.up(...targets.flatMap((target) => ["--target", target]));
    }

    /** The changes in a preview, each as its operation and resource. */
    async preview(): Promise<string[]> {
        const { steps } = JSON.parse(await this.run(["preview", "--json", ...this.settings.args])) as {
            steps: { op: string; urn: string }[];
        };
        return steps.filter(({ op }) => op !== "same").map(({ op, urn }) => `${op} ${urn}`);
    }

    async outputs<T>(): Promise<T> {
        return JSON.parse(await this.run(["stack", "output", "--json", "--show-secrets"])) as T;
    }

    /** Size of the state in bytes, and the number of resources in it with the name of a caller. */
    state(callers: Callers): { bytes: number; perCaller: number } {
        const file = join(this.bench.dir, "backend/.pulumi/stacks", this.project, `${this.stack}.json`);
        const { resources } = JSON.parse(readFileSync(file, "utf8")).checkpoint.latest as {
            resources: { urn: string }[];
        };
        const own = resources.filter(({ urn }) => /^team-\d/.test(urn.split("::").pop()!));
        return { bytes: statSync(file).size, perCaller: own.length / Object.keys(callers).length };
    }
}

/** alpa-auth on an existing gateway. */
export class AlpaAuth extends Program {
    protected readonly where = [];
    protected readonly project = "alpa-auth";
    protected readonly shared = ["**::alpa-consumers-revoked", "**::alpa-served"];

    async create(): Promise<void> {
        await createStack(this.bench.dir, this.bench.world.facts, this.stack);
    }

    configure(callers: Callers, more: object = {}): void {
        const { binding, url, world } = this.bench;
        writeStackFile(world.facts.stackFiles, this.stack, {
            option: "intra-a",
            namespace: this.stack,
            alpa: { endpoints: [world.facts.alpa] },
            waitSeconds: 160 * SETTLE_SECONDS,
            gateway: { installer: "existing", existing: { ...binding, url } },
            consumers: consumersOf(callers),
            ...more,
        });
    }
}

/** Callers in the form of config key `consumers`, in the same order. */
function consumersOf(callers: Callers) {
    return Object.entries(callers).map(([name, ids]) => ({
        name,
        credentials: ids.map((id) => ({ id, method: "key" })),
    }));
}

/** Settle time of the measured stacks, in seconds. */
const SETTLE_SECONDS = 1;

/** A flat Pulumi program, without components and without waits, that creates the same objects. */
export class Flat extends Program {
    private readonly folder = join(this.bench.dir, "flat");
    protected readonly where = ["-C", this.folder];
    protected readonly project = "alpa-auth-flat";
    protected readonly shared = [];

    async create(): Promise<void> {
        mkdirSync(this.folder, { recursive: true });
        cpSync(join(ROOT, "bench/flat"), this.folder, { recursive: true });
        for (const name of ["node_modules", "package.json"]) {
            try {
                symlinkSync(join(ROOT, name), join(this.folder, name));
            } catch (error) {
                if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
            }
        }
        await this.run(["stack", "init"]);
    }

    configure(callers: Callers): void {
        const { name, namespace } = qualified(this.bench.binding.gateway);
        const flat = { namespace: this.stack, gateway: { name, namespace }, callers };
        writeStackFile(this.folder, this.stack, { flat }, this.project);
    }
}
