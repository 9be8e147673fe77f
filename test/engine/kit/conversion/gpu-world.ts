/**
 * A world with Alpa on bare metal and the KubeRay operator. Either bare metal or pods can hold the GPUs of its nodes,
 * never both.
 */
import { GPU_TOOLS } from "../../../../sandbox/toolchain/toolchain";
import { startWorld, type World } from "../../../../sandbox/world/world";
import { startPlace, type Place } from "../place";
import { SECOND_LASTS } from "../stack";

/** Seconds to load a model, on bare metal and in pods. */
const LOAD_SECONDS = 1;

export function gpuWorld(): Promise<Place<World>> {
    return startPlace(GPU_TOOLS, (ground) =>
        startWorld({
            ...ground,
            ...{ secondLasts: SECOND_LASTS, watchCycleSeconds: 1 },
            gpus: { operator: ground.tools["kuberay-operator"], loadSeconds: LOAD_SECONDS },
        }),
    );
}
