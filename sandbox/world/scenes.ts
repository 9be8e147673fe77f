import { cloudflareScene } from "./cloudflare-scene";
import { intraScene } from "./intra-scene";
import type { Scene } from "./scene";

/** By the name of the shipped stack file, `Pulumi.<name>.yaml`. */
export const SCENES = { intra: intraScene, cloudflare: cloudflareScene } satisfies Record<string, Scene>;

export type StackName = keyof typeof SCENES;
