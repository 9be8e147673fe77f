/** `file`: measures the cost of many callers in one stack, listed in a file of their own. */
import { strict as assert } from "node:assert";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { ROOT } from "../sandbox/world/state";
import { type Callers, callers, rotated, ROTATED } from "./callers";
import { answer, seconds } from "./consumers";
import { accepted, cpuSeconds, PeakMemory } from "./cost";
import { type Bench, removeNamespace } from "./sandbox";
import { AlpaAuth, consumersOf, FAST } from "./stacks";
import { aligned } from "./table";

/** alpa-auth with its callers in a file. The config names this file, and git ignores it. */
class InFile extends AlpaAuth {
    private readonly callersFile = `.alpa-auth/local/bench-${process.pid}-${this.stack}.yaml`;

    override configure(all: Callers): void {
        const file = join(ROOT, this.callersFile);
        mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
        writeFileSync(file, stringify({ consumers: consumersOf(all) }));
        super.configure({}, { consumersFile: this.callersFile });
    }

    forget(): void {
        rmSync(join(ROOT, this.callersFile), { force: true });
    }
}

/** Measures each number of callers, and prints a table for each. */
export async function measureInFile(bench: Bench, counts: number[], say: (line: string) => void): Promise<void> {
    for (const count of counts) {
        const program = new InFile(bench, `file-${count}`, FAST);
        try {
            await measure(bench, program, count, say);
        } finally {
            program.forget();
        }
    }
}

async function measure(bench: Bench, program: InFile, count: number, say: (line: string) => void): Promise<void> {
    const rows: string[][] = [];
    const timed = async (what: string, work: () => Promise<void>) => {
        const before = cpuSeconds(bench);
        const memory = new PeakMemory(bench);
        const took = await seconds(work).finally(() => memory.stop());
        const { program, engine } = memory.megabytes;
        const figures = [took, cpuSeconds(bench) - before, program, engine].map((figure) => figure.toFixed(0));
        rows.push([what, ...figures]);
        say(`${count}: ${rows.at(-1)!.join(", ")}`);
    };
    await program.create();
    // Deploys the stack without callers first, so that only the callers' resources are measured.
    program.configure({});
    await program.up();
    const all = callers(count);
    program.configure(all);
    await timed("first up", () => program.up());
    await accepted(bench, program.stack, count);
    await timed("preview", async () => assert.deepEqual(await program.preview(), []));
    const second = rotated(all, "b");
    program.configure(second);
    await timed("rotation", () => program.up());
    program.configure(rotated(second, "c"));
    await timed("targeted rotation", () => program.upRotated());
    // Figures for callers whose keys do not work would be worthless.
    const { credentials } = await program.outputs<{ credentials: Record<string, string> }>();
    for (const id of ["a", "b", "c"]) assert.equal(await answer(bench, credentials[`${ROTATED}/${id}`]), 200, id);
    const head = ["operation", "seconds", "CPU seconds of the sandbox", "program, MB", "engine, MB"];
    const { bytes } = program.state(all);
    say(`\n${count} callers with one key each, state ${(bytes / 1e6).toFixed(1)} MB\n${aligned([head, ...rows])}\n`);
    await removeNamespace(bench, program.stack);
}
