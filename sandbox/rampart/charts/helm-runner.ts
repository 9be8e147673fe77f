/** Calls of helm by the controller. helm.ts runs the real CLI; tests have scripted ones. */
import type { JsonObject } from "../types.js";

export interface HelmRepo {
    /** Name of the repo in helm: a hash of the URL, see graph/chart.ts. */
    name: string;
    url: string;
    /** Other keys of the repo's Secret (username, password, passCredentials, …). */
    options: Record<string, string>;
}

export interface ReleaseRequest {
    release: string;
    namespace: string;
    chart: { repo: string; name: string; version: string };
    values: JsonObject;
    timeoutSeconds: number;
    wait: true;
}

export interface Limits {
    timeoutSeconds: number;
    signal: AbortSignal;
}

export interface HelmRunner {
    /** helm repo add. */
    repoCheck(repo: HelmRepo, limits: Limits): Promise<void>;
    /** helm show chart: the text of Chart.yaml. Without a version, the newest, including pre-releases. */
    showChart(repo: HelmRepo, name: string, version: string | undefined, limits: Limits): Promise<string>;
    /** helm upgrade --install. An aborted signal ends the process; resolves only after its end. */
    upgradeInstall(request: ReleaseRequest, signal: AbortSignal): Promise<void>;
    /** helm uninstall --wait. */
    uninstall(release: string, namespace: string): Promise<void>;
}

/** helm ended with a code other than 0. */
export class HelmError extends Error {
    constructor(
        readonly code: number,
        readonly stdout: string,
        readonly stderr: string,
        /** Arguments without values and credentials. */
        readonly args: string[] = ["helm"],
    ) {
        super(`helm: failed (exit code ${code}).\n${stderr}`);
    }
}

/** helm did not end in time. */
export class HelmTimeout extends Error {}
