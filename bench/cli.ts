/** `npm run bench -- <what>`: measures the cost of many callers on the real engine, in a sandbox of its own. Takes minutes. */
import { cpus, loadavg, totalmem } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { measureConsumers, SETTINGS } from "./consumers";
import { measureObserved } from "./observed";
import { measureReview } from "./review";
import { type Bench, withBench } from "./sandbox";

const say = (line: string) => console.log(line);

const counts = (text: string): number[] => {
    const numbers = text.split(",").map(Number);
    if (numbers.some((n) => !Number.isInteger(n) || n < 1 || n > 9999))
        throw new InvalidArgumentError("must be whole numbers from 1 to 9999, separated by commas.");
    return numbers;
};
const settings = (text: string) => {
    const names = text.split(",");
    const known = names.filter((name): name is keyof typeof SETTINGS => name in SETTINGS);
    if (known.length < names.length)
        throw new InvalidArgumentError(
            `must be one or more of ${Object.keys(SETTINGS).join(", ")}, separated by commas.`,
        );
    return known.map((name) => SETTINGS[name]);
};

function machine(): string {
    const load = loadavg().map((n) => n.toFixed(1));
    return `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, load ${load.join(" ")}`;
}

/** Prints the load of the machine before and after, because it affects every figure. */
async function measured(work: (bench: Bench) => Promise<void>): Promise<void> {
    say(machine());
    await withBench(say, work);
    say(machine());
}

const program = new Command("bench").description("Measure the cost of many callers in a sandbox of its own.");

program
    .command("consumers")
    .description("Compare alpa-auth with a flat Pulumi program that creates the same objects")
    .option("--counts <numbers>", "how many callers; a stack file holds at most about 1650", counts, [10, 100, 1000])
    .option(
        "--settings <names>",
        "settings of the engine: fast, default, or both separated by a comma",
        settings,
        Object.values(SETTINGS),
    )
    .action(async (options: { counts: number[]; settings: (typeof SETTINGS.fast)[] }) => {
        await measured((bench) => measureConsumers(bench, options.counts, options.settings, say));
    });

program
    .command("review")
    .description("Measure the time of `stack review` without the preview, for a change that affects every caller")
    .option("--counts <numbers>", "how many callers", counts, [100, 1000])
    .action(async (options: { counts: number[] }) => {
        await measured((bench) => measureReview(bench, options.counts, say));
    });

program
    .command("observed")
    .description(
        "Measure on the emulator of APISIX how much throughput metrics and the access log cost, and the number of series for many callers",
    )
    .option("--callers <number>", "how many callers", (text) => counts(text)[0], 5000)
    .option(
        "--rounds <number>",
        "how many times to measure each setting, for 2 seconds each time",
        (text) => counts(text)[0],
        9,
    )
    .action(async (options: { callers: number; rounds: number }) => {
        say(machine());
        await measureObserved(options.callers, options.rounds, 2, say);
        say(machine());
    });

program.parseAsync().catch((error: Error) => {
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
});
