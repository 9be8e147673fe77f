/** Causes failures during a conversion. Checks its record and the callers' answers afterwards. */
import { strict as assert } from "node:assert";
import type { Entry } from "../../../../ops/convert/audit";
import { duration } from "../../../../ops/convert/clock";
import { closesWindow, opensWindow } from "../../../../ops/convert/phases";
import type { Fault } from "../../../../sandbox/gpus/faults";
import { Rest } from "../../../../sandbox/rampart/kubernetes/rest";
import { refuse } from "../../../../sandbox/world/owners";
import type { World } from "../../../../sandbox/world/world";
import type { Place } from "../place";
import { ask, steadyCallers, type Sent } from "./conversion-stack";
import type { ConvertStack } from "./convert-stack";
import { eventually } from "../stack";

/** Causes a failure. @returns a function that removes its cause */
export type Trouble = () => Promise<() => unknown>;

/** A failure that an emulator simulates until the cause is removed. */
export const fault =
    (place: () => Place<World>, one: Fault): Trouble =>
    async () => {
        const { faults } = place().world.gpus!;
        faults.add({ ...one, times: Infinity });
        return () => faults.clear();
    };

/** Makes the API server reject these requests by an admission policy, until the returned function is called. */
export const refused =
    (place: () => Place<World>, apiGroup: string, resource: string, operation: "CREATE" | "UPDATE"): Trouble =>
    () =>
        refuse(new Rest(place().world.kubeConfig), {
            ...{ name: "refused-by-the-owners", apiGroup, resource, operation },
            message: `${resource} are frozen`,
        });

/** Runs the stack's command, and causes a failure in a step. Removes the cause when the rollback begins. */
export async function returnsFrom(stack: ConvertStack, step: string, trouble: Trouble) {
    // To make phase verify fail, cause the failure in phase start: it loads the weights that verify checks.
    const early = step === "verify" ? "start" : step;
    const { ended } = stack.start();
    await untilStep(stack, ended, early);
    const away = await trouble();
    await untilStep(stack, ended, "return");
    await away();
    return ended;
}

/**
 * While `act` runs, two callers send one request after the other. Asserts that every request gets an answer, and that
 * 503 comes only in the times for which the conversion has announced it.
 */
export async function underTraffic<T>(
    { stack, url, key }: { stack: ConvertStack; url: string; key: string },
    title: string,
    act: () => Promise<T>,
): Promise<T> {
    const callers = steadyCallers(url, key);
    const since = Date.now();
    let sent: Sent[] = [];
    const result = await act().finally(async () => (sent = await callers.stop()));
    const record = stack.record().filter(({ time }) => Date.parse(time) >= since);
    console.log(`      ${title}: ${told(record, sent)}`);
    assertAnnounced(sent, record);
    assert.equal((await ask(url, key)).status, 200);
    return result;
}

/** When callers may get 503, in milliseconds. */
interface Window {
    from: number;
    to: number;
}

/** Windows that the record announces. An open window ends at Infinity. */
function windowsOf(record: Entry[]): Window[] {
    const windows: Window[] = [];
    for (const entry of record) {
        const last = windows.at(-1);
        const open = last?.to === Infinity;
        if (entry.event === "step" && opensWindow(entry) && !open)
            windows.push({ from: Date.parse(entry.time), to: Infinity });
        if (entry.event === "step-end" && entry.outcome === "done" && closesWindow(entry) && open)
            last.to = Date.parse(entry.time);
    }
    return windows;
}

/** Asserts that callers got only answers of Alpa, and in the announced windows also 503 with Retry-After. */
function assertAnnounced(sent: Sent[], record: Entry[]): void {
    const windows = windowsOf(record);
    const refused = sent.filter((one) => one.status !== 200);
    for (const { status, retryAfter, body, from, to } of refused) {
        assert.equal(status, 503, `${status}: ${body}`);
        const announced = windows.some((window) => to >= window.from && from <= window.to);
        assert.ok(announced, `503 outside of the announced window: ${from} to ${to} of ${JSON.stringify(windows)}`);
        assert.ok(Number(retryAfter) > 0, `Retry-After ${retryAfter}`);
        const { type, stacktrace } = JSON.parse(body) as Record<string, string>;
        assert.deepEqual([type, stacktrace], ["error", ""]);
    }
    const served = sent.length - refused.length;
    assert.ok(served > 20, `${served} answers`);
    // If the step that switches the gateway to 503 failed, no request may get 503.
    const shut = record.some((entry) => entry.event === "step-end" && entry.outcome === "done" && opensWindow(entry));
    assert.equal(refused.length > 0, shut, `${refused.length} got 503`);
}

/** A summary: the seconds of each step, and for how long callers got 503. */
export function told(record: Entry[], sent: Sent[]): string {
    const steps = record.flatMap((entry) =>
        entry.event === "step-end"
            ? [`${entry.step} ${entry.outcome === "failed" ? "failed after " : ""}${entry.seconds.toFixed(1)} s`]
            : entry.event === "resume"
              ? ["gone on with"]
              : entry.event === "end"
                ? [`${entry.outcome}, 503 for ${duration(entry.downSeconds)}`]
                : [],
    );
    const refused = sent.filter(({ status }) => status !== 200);
    return `${steps.join(", ")}; ${sent.length} requests, ${refused.length} of them 503`;
}

/** Waits until a step has begun; step `return` is the begin of the rollback. Fails if the command ends first. */
export async function untilStep(
    stack: ConvertStack,
    ended: Promise<{ stdout: string; stderr: string }>,
    step: string,
): Promise<void> {
    let over: { stdout: string; stderr: string } | undefined;
    void ended.then((run) => (over = run));
    await eventually(
        `${step} under way`,
        async () => {
            const last = stack
                .record()
                .filter(({ event }) => ["step", "return"].includes(event))
                .at(-1);
            const now = last?.event === "step" ? last.step : last?.event;
            const after = step === "return" && stack.record().some(({ event }) => event === "return");
            assert.ok(
                over === undefined || after,
                `the command has ended before ${step}: ${over?.stdout}${over?.stderr}`,
            );
            return now === step || after ? true : undefined;
        },
        400,
    );
}
