import { cloudflareScene } from "./cloudflare-scene";
import { interScene, intraScene } from "./cluster-scenes";
import type { Scene } from "./scene";

/** By the name of the shipped stack file, `Pulumi.<name>.yaml`. */
export const SCENES = { intra: intraScene, inter: interScene, cloudflare: cloudflareScene } satisfies Record<
    string,
    Scene
>;

export type StackName = keyof typeof SCENES;
