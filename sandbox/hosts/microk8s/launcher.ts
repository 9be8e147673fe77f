/** The part of the cluster agent that applies launch configurations, and retries failed ones without end. */
import type { Reply } from "../reply";
import { LAUNCHER } from "./files";
import { join } from "./join";
import { applyBefore, parseLaunch } from "./launch";
import type { Microk8sNode } from "./node";

/** Interval of the checks for files, in seconds. */
const WATCH_SECONDS = 5;

export class Launcher {
    private timer: NodeJS.Timeout | undefined;
    private applying: Promise<void> = Promise.resolve();
    private closed = false;

    constructor(private readonly node: Microk8sNode) {}

    /** Checks for launch configurations as long as MicroK8s is installed. */
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

    /** Applies add-ons, arguments, join. Stops at the first failure. */
    private async apply(text: string): Promise<void> {
        const { files } = this.node.place;
        const parts = parseLaunch(text, (line) => files.log(line));
        for (const [index, part] of parts.entries()) {
            const failure = (what: string, { err, out }: Reply) => {
                const why = (err || out).trim().replaceAll("\n", " ");
                return new Error(`failed to apply config part ${index}: failed to ${what}: ${why}`);
            };
            for (const { name, disable, args } of part.addons) {
                const verb = disable ? "disable" : "enable";
                const reply = await this.node.enable(verb, name, args);
                if (reply.code !== 0) throw failure(`reconcile addons: failed to ${verb} addon "${name}"`, reply);
            }
            applyBefore(files, [part]);
            if (!part.join) continue;
            const reply = await join(this.node, [part.join.url, ...(part.join.worker ? ["--worker"] : [])]);
            if (reply.code !== 0) throw failure("join cluster", reply);
        }
    }
}
