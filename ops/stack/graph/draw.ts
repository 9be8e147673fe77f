/** A picture of a stack from its state and, optionally, the changes of a preview. */
import type { Exported } from "../review/plan";
import type { Preview } from "../review/preview";
import { pictureOf } from "./parts";
import type { Picture } from "./picture";
import { resourcesOf } from "./resources";

/**
 * @param stack short name
 * @returns undefined if there is nothing to draw
 */
export function draw(stack: string, state: Exported, preview?: Preview): Picture | undefined {
    const resources = resourcesOf(state, preview);
    return resources.length === 0 ? undefined : pictureOf(stack, resources);
}
