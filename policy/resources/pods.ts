/** Pods of a resource, with their containers. */
import { kindOf, type Resource } from "./resource";
import { allAt, map, partsOf, type Tree } from "./values";

/** Pod specs of a resource, each with its path. */
const podsOf = (resource: Resource) =>
    [...partsOf(resource.props)].filter(
        ([path]) => path.endsWith(".template.spec") || (path === "spec" && /^Pod(Patch)?$/.test(kindOf(resource))),
    );

/** Containers and init containers of a resource, each with its path. */
export function containersOf(resource: Resource): { where: string; container: Tree }[] {
    return podsOf(resource).flatMap(([above, spec]) =>
        ["initContainers[]", "containers[]"]
            .flatMap((field) => allAt(spec, field))
            .map(([where, container]) => ({ where: `${above}.${where}`, container: map(container) })),
    );
}
