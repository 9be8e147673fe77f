/**
 * The calls of helm that the controller needs. helm.ts implements them with the real CLI; tests use scripted implementations.
 */
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
    /** Runs `helm repo add`. */
    repoCheck(repo: HelmRepo, limits: Limits): Promise<void>;
    /** Runs `helm show chart`. @param version default: the newest, including pre-releases @returns the text of Chart.yaml */
    showChart(repo: HelmRepo, name: string, version: string | undefined, limits: Limits): Promise<string>;
    /** Runs `helm upgrade --install`. An aborted signal ends helm; the promise settles only after helm has ended. */
    upgradeInstall(request: ReleaseRequest, signal: AbortSignal): Promise<void>;
    /** Runs `helm uninstall --wait`. */
    uninstall(release: string, namespace: string): Promise<void>;
}

/** Thrown if helm ends with an exit code other than 0. */
export class HelmError extends Error {
    constructor(
        readonly code: number,
        readonly stdout: string,
        readonly stderr: string,
        /** Arguments of helm, without values and credentials. */
        readonly args: string[] = ["helm"],
    ) {
        super(`helm: failed (exit code ${code}).\n${stderr}`);
    }
}

/** Thrown if helm does not end in time. */
export class HelmTimeout extends Error {}
