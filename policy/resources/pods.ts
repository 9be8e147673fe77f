/** Pods of a resource, with their containers. */
import { kindOf, type Resource } from "./resource";
import { allAt, map, partsOf, type Tree } from "./values";

/** Containers and init containers of a resource, each with its path. */
export function containersOf(resource: Resource): { where: string; container: Tree }[] {
    const isPod = (path: string) =>
        path.endsWith(".template.spec") || (path === "spec" && /^Pod(Patch)?$/.test(kindOf(resource)));
    return [...partsOf(resource.props)].flatMap(([above, spec]) =>
        (isPod(above) ? ["initContainers[]", "containers[]"] : [])
            .flatMap((field) => allAt(spec, field))
            .map(([where, container]) => ({ where: `${above}.${where}`, container: map(container) })),
    );
}
