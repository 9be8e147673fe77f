/** Reads the CRDs of a release of cert-manager: one file with all of them, or a folder with the templates of its chart. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { NewDefinition } from "../rampart/kubernetes/install";

/** Those that the controller watches; it does not start without one of them. */
const NAMES = [
    "certificaterequests.cert-manager.io",
    "certificates.cert-manager.io",
    "challenges.acme.cert-manager.io",
    "clusterissuers.cert-manager.io",
    "issuers.cert-manager.io",
    "orders.acme.cert-manager.io",
];

/** @throws Error naming the CRDs that are missing */
export function certManagerDefinitions(path: string): NewDefinition[] {
    const files = statSync(path).isDirectory()
        ? readdirSync(path)
              .filter((name) => /\.ya?ml$/.test(name))
              .map((name) => join(path, name))
        : [path];
    const found = files
        .flatMap((file) => parseAllDocuments(readFileSync(file, "utf8")))
        .map((document) => document.toJS() as NewDefinition | null)
        .filter((object) => object !== null && NAMES.includes(object.metadata?.name));
    const missing = NAMES.filter((name) => !found.some((object) => object!.metadata.name === name));
    if (missing.length > 0) throw new Error(`${path} does not hold the CRDs ${missing.join(", ")}`);
    // Labels and annotations of the chart's templates are still to be filled in, and nothing here reads them.
    return found.map((object) => ({ ...object!, metadata: { name: object!.metadata.name } }));
}
