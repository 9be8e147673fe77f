/** Plugins of routes and consumers. */
import type { Resource } from "./resource";
import { allAt, map, type Tree } from "./values";

export interface Plugin {
    where: string;
    name: string;
    config: Tree;
    /** Path of `config`. */
    place: string;
    /** Other fields of the entry than `name` and `config`. */
    rest: Tree;
}

export function pluginAt(where: string, entry: unknown): Plugin {
    const { name, config, ...rest } = map(entry);
    return { where, name: String(name), config: map(config), place: `${where}.config`, rest };
}

/** Every plugin of a resource, also disabled ones and those inside multi-auth. */
export function pluginsIn({ props }: Resource): Plugin[] {
    return ["spec.http[].plugins[]", "spec.plugins[]", "spec.credentials[].plugins[]"]
        .flatMap((path) => allAt(props, path))
        .map(([where, entry]) => pluginAt(where, entry))
        .flatMap((plugin) => [plugin, ...(plugin.name === "multi-auth" ? insideMultiAuth(plugin) : [])]);
}

const insideMultiAuth = ({ place: above, config }: Plugin): Plugin[] =>
    allAt(config, "auth_plugins[]").flatMap(([path, entry]) =>
        Object.entries(map(entry)).map(([name, settings]) => {
            const place = `${above}.${path}.${name}`;
            return { where: place, place, name, config: map(settings), rest: {} };
        }),
    );
