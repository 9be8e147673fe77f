/**
 * Deploys a graph to the cluster, and removes it. Namespaces are created through HNC, releases through helm.
 * Emulated: petuum/rampart 47a837c, objects/graph.py and utils/deployment.py.
 * Unsupported: flows (volumes, Pulsar topics, repositories). A graph with flows fails to deploy, with a message.
 */
import { ApiError, type Clock, type GraphApi } from "../kubernetes/api.js";
import type { ChartFacts } from "../charts/check.js";
import type { ChartCache } from "../charts/cache.js";
import { rampartView } from "../graph/chart.js";
import { Cancelled, collect, Crash, GraphErrors, Killed } from "../errors.js";
import { HelmError, type HelmRunner } from "../charts/helm-runner.js";
import { buildHelmfile } from "./helmfile.js";
import type { HelmfileRunner } from "./helmfile-sync.js";
import type { Component, Environment, Graph } from "../graph/parse.js";
import { deployNamespace } from "./namespaces.js";
import { repr } from "../python.js";
import { GROUP, KIND, type OwnerReference, VERSION } from "../types.js";

export interface Settings {
    /** Environment of the controller process, with its settings. The error of a failed helmfile quotes every variable. */
    env: Environment;
    /** Time limit of each release: RAMPART_COMPONENT_INSTALL_TIMEOUT. @default 600 */
    installTimeoutSeconds: number;
    /** Time limit of each access to a chart repository: RAMPART_REPO_TIMEOUT. @default 60 */
    repoTimeoutSeconds: number;
    controllerNamespace: string;
    /** RAMPART_WORKDIR. It appears in messages only: the emulator writes no files. */
    workdir: string;
}

export interface Tools {
    api: GraphApi;
    helm: HelmRunner;
    helmfile: HelmfileRunner;
    charts: ChartCache;
    clock: Clock;
    settings: Settings;
    log: (line: string) => void;
    /** Called where the real controller runs a command, with its command line. */
    onCommand: (argv: string[]) => void;
}

const failed = (text: string) => new GraphErrors("deployment", [text]);

export class Deployment {
    constructor(
        private readonly tools: Tools,
        readonly graph: Graph,
        private readonly uid: string,
        private readonly facts: Map<string, ChartFacts>,
        private readonly signal: AbortSignal,
    ) {}

    get owner(): OwnerReference[] {
        const { name } = this.graph;
        const apiVersion = `${GROUP}/${VERSION}`;
        return [{ apiVersion, kind: KIND, name, uid: this.uid, controller: false, blockOwnerDeletion: true }];
    }

    get namespaces(): string[] {
        return this.graph.components.map((component) => component.namespace);
    }

    async deploy(provides: string[]): Promise<void> {
        const { signal } = this;
        const made = await Promise.allSettled(
            this.namespaces.map((name) =>
                deployNamespace({ ...this.tools, signal }, this.graph.namespace, name, this.owner),
            ),
        );
        signal.throwIfAborted();
        throwRejected(made);
        if (this.graph.flows.length > 0) {
            const names = this.graph.flows.map((flow) => flow.name).join(", ");
            throw failed(
                `spec.graph.flows: must be empty, because flows are unsupported by the sandbox (got ${names}).`,
            );
        }
        const edges = `${this.workdir}/${rampartView(this.graph.name)}_edges_helm`;
        this.tools.onCommand(["helm", "create", edges, "-p", `${this.workdir}/base_component_chart`]);
        // Any error of deployComponents becomes a deployment error, even the KeyError for a missing auxConfig.
        throwRejected(await Promise.allSettled([this.deployComponents(edges)]));
        await this.tools.api.applyInfra(this.graph, provides, "deployed");
    }

    private get workdir(): string {
        const { namespace, name } = this.graph;
        return `${this.tools.settings.workdir}/${rampartView(namespace)}_${rampartView(name)}`;
    }

    private async deployComponents(edgesChart: string): Promise<void> {
        const { helmfile: run, settings, onCommand } = this.tools;
        const timeouts = {
            registry: settings.env["RAMPART_REGISTRY"] ?? "",
            timeoutSeconds: settings.installTimeoutSeconds,
        };
        const helmfile = buildHelmfile(this.graph, this.facts, timeouts, (component) =>
            onCommand(this.diffCommand(component, edgesChart)),
        );
        if (helmfile.releases.length === 0) return;
        const path = `${this.workdir}/${rampartView(this.graph.name)}_helmfile.yaml`;
        const command = ["helmfile", "--file", path, "sync", "--args", '"--debug"'];
        onCommand(command);
        const result = await run(helmfile, path, this.signal).catch((error: unknown) => {
            if (!this.signal.aborted) throw error;
        });
        if (result === undefined || this.signal.aborted) {
            if (!(this.signal.reason instanceof Killed)) await this.cleanUpAfterCancel();
            throw this.signal.reason;
        }
        if (result.code === 0) return;
        // As in the real program, the message contains the whole environment of the process: anyone who can read the graph can
        // read the secrets in it.
        const environment = { ...settings.env, RAMPART_WORKDIR: this.workdir } as Record<string, string>;
        for (const { name, namespace } of this.graph.components) {
            environment[`RAMPART_${rampartView(name)}_namespace`] = namespace;
        }
        const call = `((${command.map((arg) => repr(arg)).join(", ")}), {'env': ${repr(environment)}, 'stdout': -1, 'stderr': -1})`;
        throw failed(
            `Deployment failed running ${call}: error code ${result.code}\n` +
                `stdout:\n${result.stdout}\n\nstderr:\n${result.stderr}`,
        );
    }

    private diffCommand(component: Component, chart: string): string[] {
        const values = `${this.workdir}/${component.uid}_edge.yaml`;
        const flags = ["--output", "json", "--allow-unreleased", "--detailed-exitcode"];
        return ["helm", "diff", "upgrade", "-n", component.namespace, "edges", chart, "-f", values, ...flags];
    }

    /**
     * Cleans up after a cancelled update. Uninstalls all releases and deletes all anchors, even those that existed
     * before the update. The real code tries to keep existing anchors, but compares namespaces with component names by
     * mistake.
     */
    private async cleanUpAfterCancel(): Promise<void> {
        this.tools.log(
            `${this.graph.namespace}/${this.graph.name}: cancelled, uninstalling ${this.namespaces.join(" ")}`,
        );
        await this.teardownNamespaces(this.namespaces);
    }

    async undeploy(): Promise<void> {
        await this.teardownNamespaces(this.namespaces);
        for (const kind of ["volume", "repository"]) {
            const namespace = `${this.graph.namespace}-${this.graph.name}-rampart-flows-${kind}`;
            await this.uninstall(`flows-${kind}`, namespace);
            await this.deleteAnchor(namespace);
        }
        await this.tools.api.applyInfra(this.graph, [], "deployed");
    }

    /**
     * Uninstalls the components of all namespaces in parallel, then deletes the anchors one after another. Failures are logged
     * and ignored.
     */
    async teardownNamespaces(namespaces: string[]): Promise<void> {
        await Promise.all(namespaces.map((namespace) => this.uninstall("component", namespace)));
        for (const namespace of namespaces) await this.deleteAnchor(namespace);
    }

    private async uninstall(release: string, namespace: string): Promise<void> {
        this.tools.onCommand(["helm", "uninstall", "-n", namespace, release, "--wait"]);
        await this.tools.helm.uninstall(release, namespace).catch((error: Error) => {
            const why = error instanceof HelmError ? error.stderr : error.message;
            this.tools.log(
                `helm uninstall -n ${namespace} ${release}: failed, and the failure is ignored: ${why.trim()}`,
            );
        });
    }

    private async deleteAnchor(name: string): Promise<void> {
        try {
            await this.tools.api.deleteAnchor(this.graph.namespace, name);
        } catch (error) {
            if (!(error instanceof ApiError)) throw error;
        }
    }
}

function throwRejected(results: PromiseSettledResult<unknown>[]): void {
    const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    const stop = reasons.find(isStop);
    if (stop !== undefined) throw stop;
    const errors = collect("deployment", reasons);
    if (errors !== undefined) throw errors;
}

/** Whether an error ends the task or the process. Any other error is reported as a deployment error. */
export const isStop = (error: unknown) =>
    error instanceof Cancelled || error instanceof Killed || error instanceof Crash;
