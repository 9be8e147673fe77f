/** What differs between the stacks that `up` can bring up: their world, their stack file, and the requests to try. */
import { PHASES, type Phase } from "../../components/opt/conversion-phases";
import type { ToolName } from "../toolchain/toolchain";
import type { WorldOptions } from "./world";
import type { Attempt, WorldFacts } from "./state";

/** Ways to reach the gateway of a stack that has one. */
export const EXPOSURES = ["direct", "tunnel"] as const;

/** Other options that a stack can be brought up with instead of the shipped one. */
export const OPTIONS = ["intra-b"] as const;

/** Steps of a conversion, each of which a world with GPUs can have fail. */
export const FAIL_STEPS = PHASES;
export type FailStep = Phase;

export type Say = (line: string) => void;

export interface StackText {
    /** Text of the sandbox's own stack file. */
    text: string;
    /** Values to set encrypted, by their path in the config; on no command line. */
    secrets: Record<string, string>;
}

export interface Asked extends Pick<WorldOptions, "onAnswer" | "observe"> {
    loadSeconds?: number;
    failStep?: FailStep;
}

export interface Scene {
    /** Tools that the world and Pulumi need. */
    tools: readonly ToolName[];
    /**
     * Starts everything; its facts are written once it is ready.
     * @param asked `loadSeconds`: how long the model takes to load on either side, in seconds; `failStep`: what fails of a
     *   conversion; `onAnswer`: told each answer to a caller; `observe`: whether Prometheus reads the gateway pods
     */
    start(dir: string, log: Say, asked: Asked): Promise<{ close(): Promise<void> }>;
    /** Lays the sandbox's addresses over a shipped stack file, which is never changed. */
    layOver(shipped: string, world: WorldFacts, say: Say): Promise<StackText>;
    /** @param outputs of the stack, secrets in plain */
    attempts(dir: string, outputs: Record<string, unknown>, world: WorldFacts, shipped: string): Promise<Attempt[]>;
    /** What else can be tried in the world, to be printed. @default nothing */
    hint?(world: WorldFacts): string | undefined;
}
