import type { Conf, Handlers } from "../request/types";
import type { CheckTools, ConfKind, Plugin, PluginTools } from "./plugin";

/** Defines a plugin whose functions get a typed configuration. The plugin's schema has validated it before. */
interface TypedPlugin<C> extends Omit<Plugin, "create" | "check"> {
    check?(conf: C, kind: ConfKind, tools: CheckTools): string | undefined;
    create(conf: C, parentKey: string, tools: PluginTools): Handlers;
}

export function definePlugin<C extends object>(plugin: TypedPlugin<C>): Plugin {
    return {
        ...plugin,
        check: plugin.check && ((conf: Conf, kind, tools) => plugin.check?.(conf as C, kind, tools)),
        create: (conf: Conf, parentKey, tools) => plugin.create(conf as C, parentKey, tools),
    };
}
