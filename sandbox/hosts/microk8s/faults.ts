/** Injected failures: a fault makes the next steps of its kind fail on one host. */
import { FaultQueue } from "../../faults";

interface Fault {
    /**
     * `install`: a hook of the snap fails, and snapd undoes the installation. `join-half-way`: the node has joined the data
     * store of the other cluster, and has no Node object there yet.
     */
    step: "install" | "join-half-way";
    /** Number of failures. @default 1 */
    times?: number;
    /** Message on standard error. */
    message?: string;
}

export class Faults extends FaultQueue<Fault> {
    /** Returns the fault for a step, if there is one, and counts the failure. */
    take(step: Fault["step"]): Fault | undefined {
        return this.takeFirst((fault) => fault.step === step);
    }
}
