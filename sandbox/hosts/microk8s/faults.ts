/** Injected failures: a fault makes the next steps of its kind fail on one host. */
import { FaultQueue } from "../../faults";

type Step =
    /** `snap install`: the store is unreachable. */
    | "store"
    /** `snap install`: a hook of the snap fails, and snapd undoes the installation. */
    | "install"
    /** `microk8s join` fails before any change. */
    | "join"
    /**
     * `microk8s join` fails halfway. The node has left its old cluster and joined the data store of the other cluster, but
     * has no Node object there yet.
     */
    | "join-half-way"
    /** `microk8s enable` fails, also for an add-on in the launch configuration. */
    | "addon"
    | "leave"
    | "remove-node";

interface Fault {
    step: Step;
    /** Add-on whose step fails. @default any */
    addon?: string;
    /** Number of failures. @default 1 */
    times?: number;
    /** Message on standard error. */
    message?: string;
    /** Exit code. @default 1 */
    code?: number;
}

export class Faults extends FaultQueue<Fault> {
    /** Returns the fault for a step, if there is one, and counts the failure. */
    take(step: Step, addon?: string): Fault | undefined {
        return this.takeFirst((fault) => fault.step === step && (fault.addon ?? addon) === addon);
    }
}
