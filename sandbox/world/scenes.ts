import { cloudflareScene } from "./cloudflare-scene";
import {
    interScene,
    interWorld,
    intraBScene,
    intraScene,
    intraWorld,
    openAiClusterWorld,
    openAiScene,
} from "./cluster-scenes";
import { exposureScene } from "./exposure-scene";
import type { EXPOSURES, OPTIONS, Scene } from "./scene";

/** Scene of each shipped stack file `Pulumi.<name>.yaml`. */
const SHIPPED = { intra: intraScene, inter: interScene, cloudflare: cloudflareScene, openai: openAiScene };
/** Scene of each value of `--option`. */
const SCENES: Record<(typeof OPTIONS)[number], Scene> = { "intra-b": intraBScene };
/** Scenes of stacks with exposure tunnel, by stack. */
const EXPOSED: Partial<Record<StackName, Scene>> = {
    intra: exposureScene(intraWorld),
    inter: exposureScene(interWorld),
    openai: exposureScene(openAiClusterWorld),
};

export type StackName = keyof typeof SHIPPED;

/** What `up` brings up: a shipped stack file, and settings that differ from it. */
export interface SceneName {
    stack: StackName;
    /** Key `exposure` of the stack. @default the value in the shipped stack file */
    exposure?: (typeof EXPOSURES)[number];
    /** Key `option` of the stack. @default the value in the shipped stack file */
    option?: (typeof OPTIONS)[number];
    /** Time to load the model, on bare metal and in pods, in seconds. @default 5 */
    loadSeconds?: number;
    /** Whether Prometheus reads the gateway pods. */
    observe?: boolean;
}

/** The scene for these settings. @throws Error if the stack does not support one of them */
export function sceneOf({ stack, exposure = "direct", option, loadSeconds, observe }: SceneName): Scene {
    if (observe && stack === "cloudflare")
        throw new Error(
            "--observe: works only with stack intra or inter, which have a gateway with metrics (got cloudflare).",
        );
    if (loadSeconds !== undefined && (stack !== "intra" || exposure !== "direct"))
        throw new Error(
            `--load-seconds ${loadSeconds}: needs stack intra without --exposure, where Alpa runs on GPUs (got stack ${stack}, exposure ${exposure}).`,
        );
    if (option !== undefined) {
        if (stack !== "intra")
            throw new Error(
                `--option ${option}: works only with stack intra, which has Alpa on its nodes (got ${stack}).`,
            );
        if (exposure !== "direct")
            throw new Error(`--option ${option}: must not be given with --exposure ${exposure} in the sandbox.`);
        return SCENES[option];
    }
    if (exposure === "direct") return SHIPPED[stack];
    const scene = EXPOSED[stack];
    if (scene !== undefined) return scene;
    throw new Error(`--exposure ${exposure}: works only with a stack that has a gateway (got ${stack}).`);
}
