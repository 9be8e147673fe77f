/**
 * A stack, its record and a clock in memory, for tests of conversions. As with the real program, the stack can move
 * only one step at a time.
 */
import { stepsFrom, type Stage } from "../../../../components/opt/conversion-phases";
import type { Entry, Event } from "../../../../ops/convert/audit";
import { expectedTimes } from "../../../../ops/convert/expected";
import type { Budget, Expected } from "../../../../ops/convert/clock";
import type { Actions, Result } from "../../../../ops/convert/runner/interfaces";
import { ConversionRunner } from "../../../../ops/convert/runner/runner";
import { nameOf, PHASES, type Place, type Step } from "../../../../ops/convert/phases";
import { progressOf, type ConversionProgress } from "../../../../ops/convert/state";

/** Every state of a conversion: before the first phase, and in each phase. */
export const PLACES: readonly Place[] = ["intra-a", ...PHASES];

export interface WorldOptions {
    /** Duration of each step in seconds, by the step's name. @default the expected time */
    takes?: Expected;
    /** How many times each step fails, by the step's name. A step fails after half of its time. */
    fails?: Record<string, number>;
    /**
     * How many times the check after each step fails, by the step's name. The stack reaches the phase in spite of this.
     */
    disproved?: Record<string, number>;
    /** Names of steps whose check never ends and ignores aborts. */
    silent?: string[];
    /** Whether reading the stack's outputs never ends. */
    noOutputs?: boolean;
    /** What happens to callers' requests while they are routed to the component. @default the component answers them */
    unserved?: "fails" | "silent";
    /** Whether the record cannot be written: from the first event on for which this function returns true. */
    unwritable?: (event: Event) => boolean;
    budgetSeconds?: number;
    expected?: Expected;
}

const ANSWERS = [{ method: "completions" as const, prompt: "Paris is", text: " the capital", milliseconds: 900 }];

/** Simulates a crash: a promise that never ends. */
const NEVER = new Promise<never>(() => undefined);

export class FakeWorld {
    reached: Place = "intra-a";
    asked: Place = "intra-a";
    entries: Entry[] = [];
    now = Date.parse("2026-11-26T12:00:00Z");
    readonly budget: Budget;
    /** Number of points so far at which the process could be killed. */
    points = 0;
    /** Index of the point at which the process is killed. */
    killAt = Infinity;
    /** The step at whose start the test requests the rollback. */
    backAt: string | undefined;
    stopAt: string | undefined;
    /** The step after which the test requests a stop. */
    stopAfter: string | undefined;
    /** Request to roll back or to stop, with its time in seconds after the conversion's start. */
    orderIn: { order: "back" | "stop"; seconds: number } | undefined;
    orders = { back: new AbortController(), stop: new AbortController() };
    /** Names of the steps whose check has passed. */
    proved = new Set<string>();
    private unwritable = false;
    private killed: () => void = () => undefined;
    private timers = new Set<{ at: number; call: () => void }>();
    private readonly fails: Record<string, number>;
    private readonly disproved: Record<string, number>;

    constructor(private readonly options: WorldOptions = {}) {
        const expected = { ...expectedTimes(600), ...options.expected };
        this.budget = { seconds: options.budgetSeconds ?? 3600, expected, patienceSeconds: 3600, lookSeconds: 1500 };
        this.fails = { ...options.fails };
        this.disproved = { ...options.disproved };
    }

    begin(to: "intra-a" | "intra-b" = "intra-b"): void {
        const versions = { program: "0", pulumi: "v3", node: "v20" };
        this.write({ event: "begin", from: this.reached, to, budgetSeconds: this.budget.seconds, versions });
    }

    progress(): ConversionProgress {
        const { reached, asked, entries } = this;
        return progressOf({ reached, asked }, entries.length === 0 ? [] : [{ file: "record.jsonl", entries }]);
    }

    /** Continues like a new process: only with what is stored. @returns undefined when it was killed */
    async go(): Promise<Result | undefined> {
        this.timers.clear();
        this.orders = { back: new AbortController(), stop: new AbortController() };
        const { back, stop } = this.orders;
        if (this.orderIn !== undefined) {
            const { order, seconds } = this.orderIn;
            this.timers.add({
                at: this.now + seconds * 1000,
                call: () => this.orders[order].abort("it was asked for"),
            });
        }
        const runner = new ConversionRunner(this.progress(), this.budget, this.actions(), {
            back: back.signal,
            stop: stop.signal,
        });
        const end = new Promise<undefined>((resolve) => (this.killed = () => resolve(undefined)));
        return Promise.race([runner.go(), end]);
    }

    /** Names of the steps, in the order of their start. */
    steps(): string[] {
        return this.entries.flatMap((entry) => (entry.event === "step" ? [entry.step] : []));
    }

    last(): Entry {
        return this.entries.at(-1)!;
    }

    private write(event: Event): void {
        const entry = { time: new Date(this.now).toISOString(), run: "r", who: "alice@ops", ...event };
        // A copy, as from a file.
        this.entries.push(JSON.parse(JSON.stringify(entry)));
    }

    private async point(): Promise<void> {
        if (this.points++ !== this.killAt) return;
        this.killed();
        await NEVER;
    }

    private actions(): Actions {
        return {
            now: () => this.now,
            bring: (step, signal) => this.bring(step, signal),
            prove: async (step, _, signal) => this.prove(step, signal),
            serves: async (signal) => {
                await this.point();
                signal.throwIfAborted();
                if (this.options.unserved === "silent") await this.silence(signal);
                if (this.options.unserved === "fails") throw new Error("alice/a1: request failed");
                return "alice/a1 was answered";
            },
            readPlaces: async (signal) => {
                if (this.options.noOutputs) await this.silence(signal);
                return { reached: this.reached, asked: this.asked };
            },
            record: (event) => {
                this.unwritable ||= this.options.unwritable?.(event) ?? false;
                if (this.unwritable) return "the record cannot be written";
                this.write(event);
                if (event.event === "step-end" && event.step === this.stopAfter)
                    this.orders.stop.abort("it was terminated (SIGTERM)");
                if (event.event !== "step") return undefined;
                if (event.step === this.backAt) this.orders.back.abort("abort was run");
                if (event.step === this.stopAt) this.orders.stop.abort("it was interrupted");
                return undefined;
            },
            at: (at, call) => {
                const timer = { at, call };
                this.timers.add(timer);
                return () => void this.timers.delete(timer);
            },
            show: () => undefined,
        };
    }

    private async bring(step: Step, signal: AbortSignal): Promise<void> {
        const { to } = step;
        await this.point();
        if (!this.isOneStep(to)) throw new Error(`preflight: no step leads from ${this.reached} to ${to}`);
        const there = this.reached === to && this.asked === to;
        this.asked = to;
        await this.point();
        const name = nameOf(step);
        const seconds = there ? 0 : (this.options.takes?.[name] ?? this.budget.expected[name] ?? 0);
        const fails = (this.fails[name] ?? 0) > 0;
        this.pass(fails ? seconds / 2 : seconds, signal);
        signal.throwIfAborted();
        if (fails) {
            this.fails[name]--;
            throw new Error("it failed");
        }
        this.reached = to;
        await this.point();
    }

    private async prove({ direction, to }: Step, signal: AbortSignal) {
        await this.point();
        signal.throwIfAborted();
        const name = nameOf({ direction, to });
        if (this.options.silent?.includes(name)) await this.silence(signal);
        if ((this.disproved[name] ?? 0) > 0) {
            this.disproved[name]--;
            throw new Error("the check has failed");
        }
        this.proved.add(name);
        return name === "prepare" ? { answers: ANSWERS } : {};
    }

    /** Moves the clock far forward, and never settles, even if the signal aborts. */
    private async silence(signal: AbortSignal): Promise<void> {
        this.pass(1e7, signal);
        await NEVER;
    }

    /**
     * The rule of the program's preflight checks: a run may only go one step. After an interrupted run it may only repeat
     * that step, or go to the phase before.
     */
    private isOneStep(to: Place): boolean {
        return this.reached === this.asked
            ? stepsFrom(this.reached as Stage).includes(to as Stage)
            : [this.reached, this.asked].includes(to);
    }

    /** Moves the clock forward and runs the timers on the way, at most until the abort. */
    private pass(seconds: number, signal: AbortSignal): void {
        const end = this.now + seconds * 1000;
        while (!signal.aborted) {
            const next = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
            if (next === undefined) break;
            this.timers.delete(next);
            this.now = Math.max(this.now, next.at);
            next.call();
        }
        if (!signal.aborted) this.now = end;
    }
}
