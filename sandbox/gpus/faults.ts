/** Injected failures on either side of a conversion: the next steps of that kind fail. */
import { FaultQueue } from "../faults";
import type { Side } from "./ledger";

type Step =
    /** A pod's image cannot be pulled. */
    | "pull"
    /** A process ends but its GPUs stay held, as by a process that the kernel cannot end. */
    | "release"
    /** Loading the model ends with an error, and ends the program. */
    | "load"
    /** Loading the model does not end. */
    | "hang"
    /** The model has other weights: its answers are well-formed, but wrong. */
    | "answers"
    /** The unit's processes ignore SIGTERM: systemd kills them after its TimeoutStopSec. */
    | "stop";

export interface Fault {
    step: Step;
    /** Only on this side. @default any */
    side?: Side;
    /** Only on this node. @default any */
    node?: string;
    /** Number of failures; Infinity: until {@link FaultQueue.clear}. @default 1 */
    times?: number;
}

export class GpuFaults extends FaultQueue<Fault> {
    /** Whether a step fails. Counts the failure. */
    take(step: Step, side: Side, node: string): boolean {
        const met = this.takeFirst(
            (fault) => fault.step === step && (fault.side ?? side) === side && (fault.node ?? node) === node,
        );
        return met !== undefined;
    }
}
