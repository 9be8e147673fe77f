/** Failures on order, on either side of a conversion: the next steps of that kind fail. */
import { FaultQueue } from "../faults";
import type { Side } from "./ledger";

export type Step =
    /** A pod's image cannot be pulled. */
    | "pull"
    /** A process that ends leaves its GPUs held, as one does that the kernel cannot end. */
    | "release"
    /** The model's loading ends with an error, and the program with it. */
    | "load"
    /** The model's loading does not end. */
    | "hang"
    /** The model that is loaded has other weights: it answers well-formed, and wrongly. */
    | "answers"
    /** The unit's processes do not end when they are asked to: systemd kills them after its TimeoutStopSec. */
    | "stop";

export interface Fault {
    step: Step;
    /** Only there. @default any */
    side?: Side;
    /** Only on this node. @default any */
    node?: string;
    /** How many times; Infinity until {@link FaultQueue.clear}. @default 1 */
    times?: number;
}

export class GpuFaults extends FaultQueue<Fault> {
    /** Whether a fault meets this step; it is counted down. */
    take(step: Step, side: Side, node: string): boolean {
        const met = this.takeFirst(
            (fault) => fault.step === step && (fault.side ?? side) === side && (fault.node ?? node) === node,
        );
        return met !== undefined;
    }
}
