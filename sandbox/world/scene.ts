/** A scene defines how `up` sets up one stack: the world, the stack file, and the requests to try. */
import type { ToolName, Toolchain } from "../toolchain/toolchain";
import type { WorldOptions } from "./world";
import type { Attempt, WorldFacts } from "./state";

/** Values of the key `exposure` for stacks with a gateway. */
export const EXPOSURES = ["direct", "tunnel"] as const;

/** Values of the key `option` that differ from those in the shipped stack files. */
export const OPTIONS = ["intra-b"] as const;

export type Say = (line: string) => void;

interface StackText {
    /** Text of the sandbox's own stack file. */
    text: string;
    /** Values that are set as secrets, by their path in the config. They are passed on stdin, not on a command line. */
    secrets: Record<string, string>;
}

interface Asked extends Pick<WorldOptions, "onAnswer" | "observe"> {
    /** The tools that the world needs to start. Pulumi and its provider are not among them. */
    tools: Toolchain<ToolName>;
    /** Resolves with Pulumi as soon as Pulumi is available, possibly after the start of the world. */
    pulumi(): Promise<Toolchain<"pulumi">>;
    loadSeconds?: number;
}

export interface Scene {
    /** Tools of the world and of Pulumi. */
    tools: readonly ToolName[];
    /**
     * Starts the world, and writes its facts (state.ts) when the world is ready. Only this function loads the emulators,
     * since loading them takes 1 s of CPU time, and `up` only reads the rest.
     * @param asked `loadSeconds`: time to load the model, in seconds.
     * `onAnswer`: called with each answer to a caller. `observe`: whether Prometheus reads the gateway pods
     */
    start(dir: string, log: Say, asked: Asked): Promise<{ close(): Promise<void> }>;
    /**
     * Returns the text of the sandbox's stack file.
     * @param shipped text of the stack file in the clone, to which the sandbox's addresses are added. That file is not
     * changed
     */
    layOver(shipped: string, world: WorldFacts, say: Say): Promise<StackText>;
    /**
     * The requests to try. @param outputs outputs of the stack, with secrets in plain text
     * @param text text of the sandbox's stack file
     */
    attempts(dir: string, outputs: Record<string, unknown>, world: WorldFacts, text: string): Promise<Attempt[]>;
    /** Text with further things to try in this world. @default none */
    hint?(world: WorldFacts): string | undefined;
}
