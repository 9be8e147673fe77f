/** A stack whose state a conversion changes, with the rule of the state, and without Pulumi. */
import { isClosed, type Stage, type Target } from "../../../../components/opt/conversion-phases";
import { stepProblem, type Attempt } from "../../../../components/opt/conversion-record-provider";
import type { Actions } from "../../../../ops/convert/carry-out";
import type { Progress } from "../../../../ops/convert/progress";

export const attempt = (number: number, to: Target = "intra-b", by = "ada@ops"): Attempt => ({
    ...{ number, to, by, pid: 42, at: "2026-11-30T12:00:00.000Z" },
});

/** A stack at a stage. */
export const at = (stage: Stage, by?: Attempt, more: Partial<Progress> = {}): Progress => ({
    ...{ stage, attempt: by, isComplete: true, closedSince: undefined, pending: 0 },
    ...more,
});

export class FakeStack implements Actions {
    /** Stages of the runs, in order, and `?` for each question to Alpa. */
    readonly runs: string[] = [];
    readonly notes: string[] = [];
    /** The place that the stack file has in the end. */
    file: Stage | undefined;
    /** Called in each run, before it completes; may throw, and change the state. */
    during: (stage: Stage, signal: AbortSignal) => unknown = () => undefined;
    asked: () => unknown = () => undefined;

    constructor(public progress: Progress = at("intra-a")) {}

    read = async () => this.progress;
    settle = ({ stage }: Progress) => void (this.file = stage);
    note = (text: string) => void this.notes.push(text);

    async answers(): Promise<void> {
        this.runs.push("?");
        await this.asked();
    }

    async bring(stage: Stage, by: Attempt, signal: AbortSignal): Promise<void> {
        this.runs.push(stage);
        const { progress } = this;
        const problem = stepProblem({ ...progress, callers: "" }, { stage, attempt: by, callers: "" });
        if (problem !== undefined) throw new Error(problem);
        const closedSince = isClosed(stage) ? (progress.closedSince ?? new Date().toISOString()) : progress.closedSince;
        this.progress = at(stage, by, { isComplete: false, closedSince });
        await this.during(stage, signal);
        signal.throwIfAborted();
        this.progress = { ...this.progress, isComplete: true };
    }
}
