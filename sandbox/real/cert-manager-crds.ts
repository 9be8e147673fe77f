/** Reads the CRDs of a cert-manager release: one file with all of them, or the folder of templates in its chart. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { NewDefinition } from "../rampart/kubernetes/install";

/** CRDs that the controller watches. It does not start if one of them is missing. */
const NAMES = [
    "certificaterequests.cert-manager.io",
    "certificates.cert-manager.io",
    "challenges.acme.cert-manager.io",
    "clusterissuers.cert-manager.io",
    "issuers.cert-manager.io",
    "orders.acme.cert-manager.io",
];

/** The CRDs in a file or folder. @throws Error with the names of the missing ones */
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
    if (missing.length > 0) throw new Error(`${path} does not have the CRDs ${missing.join(", ")}`);
    // Labels and annotations are removed, because the chart's files have unrendered templates there.
    return found.map((object) => ({ ...object!, metadata: { name: object!.metadata.name } }));
}
