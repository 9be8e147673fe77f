/**
 * Emulates the part of the cluster agent that applies launch configurations. If a launch configuration fails, the cluster
 * agent tries it again, without a limit.
 */
import { LAUNCHER } from "./files";
import { applyBefore, parseLaunch } from "./launch";
import type { Microk8sNode } from "./node";

/** Interval of the checks for files, in seconds. */
const WATCH_SECONDS = 5;

export class Launcher {
    private timer: NodeJS.Timeout | undefined;
    private applying: Promise<void> = Promise.resolve();
    private closed = false;

    constructor(private readonly node: Microk8sNode) {}

    /** Starts to check for launch configurations. The checks end with `close`. */
    watch(): void {
        this.timer = setTimeout(() => {
            this.applying = this.applyAll().finally(() => {
                if (!this.closed) this.watch();
            });
        }, this.node.place.surroundings.milliseconds(WATCH_SECONDS));
    }

    async close(): Promise<void> {
        this.closed = true;
        clearTimeout(this.timer);
        await this.applying;
    }

    private async applyAll(): Promise<void> {
        if (!this.node.running) return;
        const { files } = this.node.place;
        for (const name of files.names(LAUNCHER).filter((file) => file.endsWith(".yaml"))) {
            try {
                await this.apply(files.read(`${LAUNCHER}/${name}`));
                files.rename(`${LAUNCHER}/${name}`, `${LAUNCHER}/${name}.applied`);
            } catch (error) {
                if (this.closed) return;
                files.log(`Failed to apply configuration ${name}: ${(error as Error).message}`);
            }
        }
    }

    /** Applies add-ons and arguments of a launch configuration. Stops at the first failure. */
    private async apply(text: string): Promise<void> {
        const { files } = this.node.place;
        const parts = parseLaunch(text, (line) => files.log(line));
        for (const [index, part] of parts.entries()) {
            for (const name of part.addons) {
                const { code, err, out } = await this.node.enable("enable", name, []);
                const why = (err || out).trim().replaceAll("\n", " ");
                const failed = `failed to reconcile addons: failed to enable addon "${name}": ${why}`;
                if (code !== 0) throw new Error(`failed to apply config part ${index}: ${failed}`);
            }
            applyBefore(files, [part]);
        }
    }
}
