/**
 * Injected failures on both sides of a conversion (bare metal and pods). A fault makes the next steps of a certain kind
 * fail.
 */
import { FaultQueue } from "../faults";
import type { Side } from "./ledger";

type Step =
    /** A pod's image cannot be pulled. */
    | "pull"
    /** A process ends, but its GPUs stay in use, as if the kernel could not end the process. */
    | "release"
    /** Loading the model ends with an error, and ends the program. */
    | "load"
    /** Loading the model does not end. */
    | "hang"
    /** The unit's processes ignore SIGTERM: systemd kills them after its TimeoutStopSec. */
    | "stop";

export interface Fault {
    step: Step;
    /** Side whose step fails. @default any */
    side?: Side;
    /** Node whose step fails. @default any */
    node?: string;
    /** Number of failures; Infinity: until {@link FaultQueue.clear}. @default 1 */
    times?: number;
}

export class GpuFaults extends FaultQueue<Fault> {
    /** Whether a fault makes the step fail. Counts the failure. */
    take(step: Step, side: Side, node: string): boolean {
        const met = this.takeFirst(
            (fault) => fault.step === step && (fault.side ?? side) === side && (fault.node ?? node) === node,
        );
        return met !== undefined;
    }
}
