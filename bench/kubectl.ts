/** Creates the callers' objects with `kubectl apply --server-side`, which sends them one by one and keeps no state. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { writePrivate } from "../sandbox/world/state";
import { type Callers, manifests, ROTATED } from "./callers";
import type { Bench } from "./sandbox";

export class Kubectl {
    private readonly file: string;

    constructor(
        private readonly bench: Bench,
        private readonly namespace: string,
    ) {
        this.file = join(bench.dir, `${namespace}.yaml`);
    }

    write(callers: Callers, only?: string): void {
        writePrivate(this.file, manifests(callers, this.namespace, this.bench.binding, only));
    }

    /** Applies only the rotated caller's objects, like an operator who knows which objects a rotation changes. */
    async applyRotated(callers: Callers): Promise<void> {
        this.write(callers, ROTATED);
        await this.apply();
    }

    apply(): Promise<void> {
        return this.run("apply", "--server-side");
    }

    diff(): Promise<void> {
        return this.run("diff", "--server-side");
    }

    private async run(...args: string[]): Promise<void> {
        const child = spawn(this.bench.kubectl, [...args, "-f", this.file], {
            env: { ...process.env, KUBECONFIG: this.bench.world.facts.kubeconfig },
            stdio: ["ignore", "ignore", "pipe"],
        });
        let said = "";
        child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
        const code = await new Promise<number | null>((resolve, reject) => {
            child.on("error", reject).on("close", resolve);
        });
        // `kubectl diff` exits with 1 when it finds differences. That is no error here, because the ingress controller
        // may have written a status meanwhile.
        if (code !== 0 && !(args[0] === "diff" && code === 1))
            throw new Error(`kubectl ${args.join(" ")} exited with ${code}.\n${said.trim()}`);
    }
}
