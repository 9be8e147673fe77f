/** Failures on order: the next steps of that kind on a host fail. */
import { FaultQueue } from "../../faults";

export type Step =
    /** `snap install`: the store cannot be reached. */
    | "store"
    /** `snap install`: a hook of the snap fails, and the installation is undone. */
    | "install"
    /** `microk8s join`: before anything has changed. */
    | "join"
    /** `microk8s join`: the node has left its own cluster and is one of the other's data stores, but no Node. */
    | "join-half-way"
    /** `microk8s enable`, also when the launch configuration does it. */
    | "addon"
    | "leave"
    | "remove-node";

export interface Fault {
    step: Step;
    /** Only this add-on. @default any */
    addon?: string;
    /** How many times. @default 1 */
    times?: number;
    /** What is said on standard error. */
    message?: string;
    /** Exit code. @default 1 */
    code?: number;
}

export class Faults extends FaultQueue<Fault> {
    /** The fault that meets this step, counted down. */
    take(step: Step, addon?: string): Fault | undefined {
        return this.takeFirst((fault) => fault.step === step && (fault.addon ?? addon) === addon);
    }
}
