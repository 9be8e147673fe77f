import { type HelmRepo, type HelmRunner, type Limits } from "../../../rampart/charts/helm-runner.js";
import type { Helmfile } from "../../../rampart/controller/helmfile.js";
import type { HelmfileRunner, ProcessResult } from "../../../rampart/controller/helmfile-sync.js";
import type { JsonObject } from "../../../rampart/types.js";
import type { VirtualClock } from "./virtual-clock.js";

/** Duration of every scripted helm command, in seconds: long enough for events to arrive meanwhile. */
const HELM_SECONDS = 0.05;

/**
 * A fake helm and helmfile:
 * - The annotation of a chart `provides-X` or `requires-X` names X.
 * - The config key `stubFail` makes helmfile fail, and `stubSeconds` makes it slow.
 */
export class ScriptedHelm implements HelmRunner {
    readonly helmfiles: Helmfile[] = [];
    /** Charts that were read, with the requested version. */
    readonly shown: string[] = [];

    constructor(private readonly clock: VirtualClock) {}

    async repoCheck(_repo: HelmRepo, { signal }: Limits): Promise<void> {
        await this.clock.sleep(HELM_SECONDS, signal);
    }

    async showChart(_repo: HelmRepo, name: string, version: string | undefined, { signal }: Limits): Promise<string> {
        this.shown.push(`${name} ${version}`);
        await this.clock.sleep(HELM_SECONDS, signal);
        const [, verb, infra] = /^(provides|requires)-(.*)$/.exec(name) ?? [];
        if (verb === undefined) return `name: ${name}\n`;
        const annotation = JSON.stringify({ inputs: [], outputs: [], [verb]: [infra] });
        return `name: ${name}\nannotations:\n  petuum.com/rampartComponent: '${annotation}'\n`;
    }

    upgradeInstall(): Promise<void> {
        throw new Error("the scripted helm installs nothing: the scripted helmfile does");
    }

    async uninstall(): Promise<void> {
        await this.clock.sleep(HELM_SECONDS);
    }

    readonly helmfile: HelmfileRunner = async (helmfile, _path, signal): Promise<ProcessResult> => {
        this.helmfiles.push(helmfile);
        const values = helmfile.releases.flatMap((r) => r.values.filter((v): v is JsonObject => typeof v !== "string"));
        const seconds = Math.max(...values.map((v) => Number(v["stubSeconds"] ?? 0)), HELM_SECONDS);
        const result = { code: 0, stdout: "Adding repo\n", stderr: "" };
        try {
            await this.clock.sleep(seconds, signal);
        } catch {
            return { ...result, code: -15 };
        }
        if (!values.some((v) => v["stubFail"])) return result;
        const why = "command helm exited with non-zero status: timed out waiting for the condition";
        return { ...result, code: 1, stderr: `in helmfile: failed processing release component: ${why}\n` };
    };
}
