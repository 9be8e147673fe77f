/** How far a stack is in a conversion, according to its state. */
import { BEFORE, TARGET, type Stage } from "../../components/opt/conversion-phases";
import { numberOf, type Attempt, type ConversionStep } from "../../components/opt/conversion-record-provider";

export interface Progress {
    /** The stage that the last run set. */
    stage: Stage;
    /** The attempt that set it. Unset before the first conversion. */
    attempt?: Attempt;
    /** Whether a run to the stage has completed. */
    isComplete: boolean;
    /** When the conversion closed the callers' route, ISO 8601. */
    closedSince?: string;
    /** Number of operations that an interrupted run has left. */
    pending: number;
}

/** The part of `pulumi stack export` that shows a conversion. */
export interface Exported {
    resources?: { type: string; outputs?: object; delete?: boolean }[];
    pending_operations?: unknown[];
}

export function progressIn({ resources = [], pending_operations: pending = [] }: Exported = {}): Progress {
    const find = (type: string) => resources.find((one) => one.type === type && one.delete !== true);
    const record = find("pulumi-nodejs:dynamic/alpa-auth:ConversionRecord")?.outputs ?? {};
    const conversion = find("alpa-auth:index:Conversion");
    const { step = { stage: BEFORE }, closedSince } = record as {
        step?: Pick<ConversionStep, "stage" | "attempt">;
        closedSince?: string;
    };
    const { reached } = (conversion?.outputs ?? {}) as { reached?: { phase: Stage; attempt: number } };
    const { stage, attempt } = step;
    return {
        stage,
        attempt,
        closedSince,
        isComplete:
            stage === BEFORE
                ? conversion === undefined
                : reached?.phase === stage && reached.attempt === numberOf(attempt),
        pending: pending.length,
    };
}

/** Whether a conversion has begun and not ended. */
export function isUnderWay({ stage, attempt, isComplete }: Progress): boolean {
    if (!isComplete) return true;
    return attempt !== undefined && stage !== (attempt.to === TARGET ? "open" : BEFORE);
}

/** The problem to report for any other change of the stack during a conversion; undefined if there is none. */
export function conversionProblem(short: string, { stage, attempt }: Progress): string | undefined {
    if (attempt === undefined || stage === BEFORE || stage === "open") return undefined;
    return `${short}: a conversion is in progress (phase ${stage}, ${whoIn(attempt)}). Wait until it ends: npm run ops -- convert status`;
}

/** Who makes an attempt, for messages. */
export function whoIn({ by, pid, at }: Attempt): string {
    return `${by}, pid ${pid}, since ${at}`;
}
