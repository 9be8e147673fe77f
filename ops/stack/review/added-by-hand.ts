/**
 * Fields and list entries that were added by hand to the stack's objects. A refresh does not show them, and `pulumi up` does
 * not remove them: the Kubernetes provider reads only the fields and entries that the program sets (measured 2026-11).
 */
import { readEach, type Reader } from "../../../components/kubernetes/cluster-reader";
import { isWrappedSecret, nameIn } from "../../../policy/resources/resource";
import { at, isMap, textOf, type Path } from "../../../policy/resources/values";
import { pathText } from "./differences";
import { finding, type Code, type Finding } from "./finding";
import type { Exported, ResourceState } from "./preview";

/** Kinds whose spec is written by this project only, with the code of a finding. Controllers write into other kinds. */
const CODE: Record<string, Code | undefined> = {
    NetworkPolicy: "opens-to-network",
    Service: "opens-to-network",
    ApisixRoute: "other-change",
    ApisixTls: "other-change",
    ApisixUpstream: "other-change",
    Consumer: "other-change",
    Gateway: "other-change",
    GatewayProxy: "other-change",
};

/** The stack's objects that {@link addedByHand} compares. */
export function comparedIn({ resources = [] }: Exported): ResourceState[] {
    return resources.filter(({ type, delete: isLeftover, outputs }) => {
        const isObject = type?.startsWith("kubernetes:") && !isLeftover;
        return isObject && CODE[type.split(":")[2]] !== undefined && isMap(outputs?.spec);
    });
}

/** Compares the spec of each object with the live one. A missing object is left to the refresh. */
export async function addedByHand(resources: ResourceState[], read: Reader, kubectl: string): Promise<Finding[]> {
    const found = await readEach(resources, async ({ urn, type, inputs, outputs }): Promise<Finding[]> => {
        const kind = type.split(":")[2];
        const apiVersion = textOf(outputs?.apiVersion);
        const [namespace, name] = [at(outputs, "metadata.namespace"), at(outputs, "metadata.name")].map(textOf);
        const live = await read({ apiVersion, kind, name, ...(namespace !== "" && { namespace }) });
        return added(inputs?.spec, outputs?.spec, live?.spec, ["spec"]).map((path) =>
            finding(CODE[kind]!, `${kind} ${name}: ${pathText(path)} was added by hand`, {
                severity: "breaks-callers",
                evidence: [{ resource: nameIn(urn), urn, property: pathText(path) }],
                todo: `pulumi up does not remove it. Run: ${kubectl} edit ${resourceName(apiVersion, kind)} ${name}${namespace && ` -n ${namespace}`}`,
            }),
        );
    });
    return found.flat();
}

/**
 * Paths that only the live value has.
 * @param given inputs of the program: a refresh never adds a list entry to them
 * @param known the value as Pulumi read it last, which has the API server's defaults, and after a refresh also added fields
 */
function added(given: unknown, known: unknown, live: unknown, path: Path): Path[] {
    if (Array.isArray(known) && Array.isArray(live)) {
        const own = Array.isArray(given) ? given : known;
        return live.flatMap((entry, i) =>
            i < own.length ? added(own[i], known[i], entry, [...path, i]) : [[...path, i] as Path],
        );
    }
    if (!isMap(known) || !isMap(live) || isWrappedSecret(known)) return [];
    return Object.entries(live).flatMap(([field, value]) =>
        field in known
            ? added(isMap(given) ? given[field] : undefined, known[field], value, [...path, field])
            : [[...path, field] as Path],
    );
}

/** Unambiguous name of a kind for kubectl, for example `Consumer.v1alpha1.apisix.apache.org`. */
function resourceName(apiVersion: string, kind: string): string {
    const [group, version] = apiVersion.split("/");
    return version === undefined ? kind : `${kind}.${version}.${group}`;
}
