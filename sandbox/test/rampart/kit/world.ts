import { type Controller, runController } from "../../../rampart/controller/controller.js";
import { MemoryCluster } from "./memory-cluster.js";
import { ScriptedHelm } from "./scripted-helm.js";
import { VirtualClock } from "./virtual-clock.js";

/** A cluster in memory with a controller; call `close` at the end. */
export class World {
    readonly clock = new VirtualClock();
    readonly cluster = new MemoryCluster(this.clock);
    readonly helm = new ScriptedHelm(this.clock);
    readonly commands: string[] = [];
    controller: Controller;
    /** The error that ended the controller, if any. */
    crash: Error | undefined;

    constructor() {
        this.controller = this.start();
    }

    /** A new controller process, as after a crash. */
    start(): Controller {
        this.crash = undefined;
        this.controller = runController(this.cluster, {
            helm: this.helm,
            helmfile: this.helm.helmfile,
            clock: this.clock,
            onCommand: (argv) => this.commands.push(argv.join(" ")),
        });
        void this.controller.exited.then((error) => (this.crash = error));
        return this.controller;
    }

    async reaches(name: string, phase: string, generation?: number): Promise<void> {
        await this.clock.until(`${name} is ${phase}`, () => {
            const status = this.cluster.last(name)?.status;
            return status?.phase === phase && (generation === undefined || status.observedGeneration === generation);
        });
    }

    async isGone(name: string): Promise<void> {
        await this.clock.until(`${name} is gone`, () => this.cluster.last(name)?.event === "DELETED");
    }

    /** Closes the controller. The clock moves meanwhile, because the controller first finishes a running uninstall. */
    async close(): Promise<void> {
        let closed = false;
        void this.controller.close().then(() => (closed = true));
        await this.clock.until("controller closed", () => closed);
    }
}
