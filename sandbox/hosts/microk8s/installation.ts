import type { Host } from "../host";
import type { Release } from "../snap/releases";
import type { Installer } from "../snap/snapd";
import { microk8s } from "./commands";
import { Microk8sNode, type Place } from "./node";

const PROGRAM = "/snap/bin/microk8s";

/** Installs, refreshes and removes the MicroK8s of one host, as snapd requests it. */
export class Installation implements Installer {
    /** The installed MicroK8s; undefined before an installation and after a removal. */
    node: Microk8sNode | undefined;

    constructor(
        private readonly host: Host,
        private readonly place: Place,
        private readonly diskFull: boolean,
    ) {}

    async install(release: Release): Promise<void> {
        if (this.diskFull) throw new Error("write /var/lib/snapd/snaps/microk8s.snap: no space left on device");
        const fault = this.place.faults.take("install");
        if (fault) throw new Error(fault.message ?? "exit status 1");
        const made = new Microk8sNode(this.place, release);
        try {
            await made.install();
        } catch (error) {
            await made.undo();
            throw error;
        }
        this.node = made;
        this.host.stage.lay(PROGRAM, (call) => microk8s(made, call));
    }

    async refresh(release: Release): Promise<void> {
        await this.node!.refresh(release);
    }

    async remove(): Promise<void> {
        await this.node!.uninstall();
        this.host.stage.take(PROGRAM);
        this.node = undefined;
    }

    run(on: boolean): void {
        this.node!.running = on;
    }

    storeProblem(): string | undefined {
        const fault = this.place.faults.take("store");
        if (!fault) return undefined;
        const unknown = "dial tcp: lookup api.snapcraft.io: Temporary failure in name resolution";
        return fault.message ?? `Post https://api.snapcraft.io/v2/snaps/refresh: ${unknown}`;
    }
}
