/** `consumers`: measures the cost of callers with alpa-auth and with a flat Pulumi program, in one run. */
import { strict as assert } from "node:assert";
import { loadavg } from "node:os";
import { type Callers, callers, rotated, ROTATED } from "./callers";
import { accepted, cpuSeconds } from "./cost";
import { type Bench, removeNamespace } from "./sandbox";
import { AlpaAuth, DEFAULT, type EngineSettings, FAST, Flat, type Program } from "./stacks";
import { type Row, table } from "./table";

type Say = (line: string) => void;

/** Measures both programs with each number of callers, and prints a table for each number. */
export async function measureConsumers(bench: Bench, counts: number[], settings: EngineSettings[], say: Say) {
    for (const count of counts) {
        const all = callers(count);
        const rows: Row[] = [];
        const add = (row: Row) => {
            rows.push(row);
            say(`${count}, load ${loadavg()[0].toFixed(1)}: ${JSON.stringify(row)}`);
        };
        for (const engine of settings) {
            const stack = `${engine.name}-${count}`;
            const flat = await measureProgram(new Flat(bench, `flat-${stack}`, engine), "flat", all);
            add(flat);
            add({ ...(await measureAlpaAuth(bench, `alpa-${stack}`, engine, all)), flat });
        }
        say(`\n${count} callers with one key each\n${table(rows)}\n`);
    }
}

export const SETTINGS = { fast: FAST, default: DEFAULT };

async function measureAlpaAuth(bench: Bench, stack: string, engine: EngineSettings, all: Callers): Promise<Row> {
    const program = new AlpaAuth(bench, stack, engine);
    return measureProgram(program, "alpa-auth", all, async () => {
        // Figures for callers whose keys do not work would be worthless.
        const { credentials } = await program.outputs<{ credentials: Record<string, string> }>();
        for (const id of ["a", "b", "c"]) assert.equal(await answer(bench, credentials[`${ROTATED}/${id}`]), 200);
        assert.deepEqual(await program.preview(), []);
    });
}

async function measureProgram(
    program: Program,
    way: string,
    all: Callers,
    check: () => Promise<void> = async () => undefined,
): Promise<Row> {
    await program.create();
    // Deploys the stack without callers first, so that only the callers' resources are measured.
    program.configure({});
    await program.up();
    program.configure(all);
    const first = await cost(program.bench, program.stack, all, () => program.up());
    const row = { way, settings: program.settings.name, ...first, ...program.state(all) };
    const later = await measureLater(program, all);
    await check();
    await removeNamespace(program.bench, program.stack);
    return { ...row, ...later };
}

/** Measures changes of existing callers. */
async function measureLater(program: Program, all: Callers) {
    const preview = await seconds(async () => assert.deepEqual(await program.preview(), []));
    const second = rotated(all, "b");
    program.configure(second);
    const rotation = await seconds(() => program.up());
    program.configure(rotated(second, "c"));
    const targeted = await seconds(() => program.upRotated());
    return { preview, rotation, targeted };
}

/** Measures the first `up`: time, CPU time, and the time until every caller gets an answer. */
async function cost(bench: Bench, namespace: string, all: Callers, make: () => Promise<void>) {
    const before = cpuSeconds(bench);
    const firstUp = await seconds(make);
    const taken = firstUp + (await seconds(() => accepted(bench, namespace, Object.keys(all).length)));
    return { firstUp, accepted: taken, cpu: cpuSeconds(bench) - before };
}

/** Sends a small completion request with this key. @returns its HTTP status */
async function answer(bench: Bench, key: string | undefined): Promise<number> {
    const response = await fetch(`${bench.url}/alpa/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", apikey: key ?? "" },
        body: JSON.stringify({ model: "default", prompt: "Paris is", max_tokens: 8 }),
    });
    await response.text();
    return response.status;
}

export async function seconds(work: () => Promise<void>): Promise<number> {
    const start = Date.now();
    await work();
    return (Date.now() - start) / 1000;
}
