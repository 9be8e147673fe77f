/** `stacks`: measures the cost of callers in several stacks that share one gateway. */
import { strict as assert } from "node:assert";
import { callers, parts, rotated, ROTATED } from "./callers";
import { answer, seconds } from "./consumers";
import { type Bench, removeNamespace } from "./sandbox";
import { AlpaAuth, FAST, SharedCallers } from "./stacks";
import { table } from "./table";

type Say = (line: string) => void;

/** Measures the first `up` of all stacks at once, and then changes of one of them. */
export async function measureStacks(bench: Bench, count: number, stacks: number, say: Say): Promise<void> {
    const main = new AlpaAuth(bench, "main", FAST);
    await main.create();
    main.configure({});
    await main.up();
    const shares = parts(callers(count), stacks);
    const programs = shares.map((_, i) => new SharedCallers(bench, `callers-${i + 1}`, FAST, main));
    for (const [i, program] of programs.entries()) {
        await program.create();
        program.configure(shares[i]);
    }
    const firstUp = await seconds(async () => {
        await Promise.all(programs.map((program) => program.up()));
    });
    const [one] = programs;
    const { bytes, perCaller } = one.state(shares[0]);
    const preview = await seconds(async () => assert.deepEqual(await one.preview(), []));
    const second = rotated(shares[0], "b");
    one.configure(second);
    const rotation = await seconds(() => one.up());
    one.configure(rotated(second, "c"));
    const targeted = await seconds(() => one.upRotated());
    await works(bench, programs);
    await removeNamespace(bench, main.stack);
    const row = {
        way: `${stacks} stacks`,
        settings: FAST.name,
        firstUp,
        preview,
        rotation,
        targeted,
        bytes,
        perCaller,
    };
    say(
        `\n${count} callers with one key each; the first up deploys all stacks, the other operations change one stack\n${table([row])}\n`,
    );
}

/** Asserts that the keys work: figures for callers without access would be worthless. */
async function works(bench: Bench, programs: SharedCallers[]): Promise<void> {
    for (const [i, program] of programs.entries()) {
        const { credentials } = await program.outputs<{ credentials: Record<string, string> }>();
        const last = Object.keys(credentials).pop()!;
        for (const who of i === 0 ? [last, `${ROTATED}/b`, `${ROTATED}/c`] : [last])
            assert.equal(await answer(bench, credentials[who]), 200, who);
        assert.deepEqual(await program.preview(), []);
    }
}
