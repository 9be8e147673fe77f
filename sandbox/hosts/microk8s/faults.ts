/** Injected failures: the next steps of that kind on a host fail. */
import { FaultQueue } from "../../faults";

type Step =
    /** `snap install`: the store is unreachable. */
    | "store"
    /** `snap install`: a hook of the snap fails, and snapd undoes the installation. */
    | "install"
    /** `microk8s join` fails before any change. */
    | "join"
    /** `microk8s join` fails after the node has left its own cluster and joined the other's data store, without a Node. */
    | "join-half-way"
    /** `microk8s enable`, also by the launch configuration. */
    | "addon"
    | "leave"
    | "remove-node";

interface Fault {
    step: Step;
    /** Only this add-on. @default any */
    addon?: string;
    /** Number of failures. @default 1 */
    times?: number;
    /** Message on standard error. */
    message?: string;
    /** Exit code. @default 1 */
    code?: number;
}

export class Faults extends FaultQueue<Fault> {
    /** Returns the failure of a step, and counts it. */
    take(step: Step, addon?: string): Fault | undefined {
        return this.takeFirst((fault) => fault.step === step && (fault.addon ?? addon) === addon);
    }
}
