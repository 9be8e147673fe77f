/** Phases of a conversion, in order. Each of them is one run of Pulumi. */
export const PHASES = ["prepared", "closed", "moved", "open"] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Longest wait for the deletion of the component's pods, in seconds. The answer timeout is added, because a pod first
 * completes its requests.
 */
export const SUSPEND_SECONDS = 300;

/** State in a phase. */
interface PhaseState {
    /** Where Alpa runs. This side holds the GPUs, and is the target of the upstreams and of the verification route. */
    side: "bare-metal" | "component";
    /** Whether callers get 503. The side changes only between two closed phases. */
    isClosed: boolean;
}

const STATES: Record<Phase, PhaseState> = {
    prepared: { side: "bare-metal", isClosed: false },
    closed: { side: "bare-metal", isClosed: true },
    moved: { side: "component", isClosed: true },
    open: { side: "component", isClosed: false },
};

export function stateOf(phase: Phase): PhaseState {
    return STATES[phase];
}

/** The stage before the first phase: bare metal serves, and there is no component. */
export const BEFORE = "intra-a";
/** The option of a stack in a phase. */
export const TARGET = "intra-b";

/** How far a stack is in a conversion. */
export type Stage = typeof BEFORE | Phase;
export const STAGES: readonly Stage[] = [BEFORE, ...PHASES];

/** The option that a conversion leads to. */
export type Target = typeof BEFORE | typeof TARGET;

/** The stage that a conversion reaches next; undefined at its end. */
export function nextStage(stage: Stage, to: Target): Stage | undefined {
    return STAGES[STAGES.indexOf(stage) + (to === TARGET ? 1 : -1)];
}

export function isClosed(stage: Stage): boolean {
    return stage !== BEFORE && STATES[stage].isClosed;
}

/** Consumer that sends test requests to Alpa through the verification route. */
export const VERIFIER = "alpa-verifier";
