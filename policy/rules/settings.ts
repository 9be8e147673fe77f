import { parse } from "yaml";
import { apisixCharts, chartsOf } from "../resources/charts";
import { podTemplates } from "../resources/pods";
import { kindOf, type Resource } from "../resources/resource";
import { at, eachText, isUnknown, list, map, type Tree } from "../resources/values";
import type { Lists } from "./facts";
import type { Message, Rule } from "./rule";

export const settingsListed: Rule = {
    name: "settings-listed",
    title: "Annotations, chart values and APISIX's settings file have only fields of the lists in policy/lists.yaml, and nothing changes them before Helm gets them.",
    reason: "An annotation can change how an ingress controller serves an object. A value or a setting can open a port, load code, or log credentials.",
    check: (resource, { lists }) => [
        ...fixed(resource),
        ...unseen(resource),
        ...(lists === undefined
            ? []
            : [...annotations(resource, lists), ...values(resource, lists), ...settings(resource, lists)]),
    ],
};

const unlisted = (where: string) =>
    `${where}: is not in policy/lists.yaml. Remove it, or add it to the list in the reviewed change that needs it.`;

function annotations(resource: Resource, lists: Lists): Message[] {
    if (!resource.type.startsWith("kubernetes:")) return [];
    const places = ["metadata", ...podTemplates(resource).map((where) => `${where}.metadata`)];
    return places.flatMap((place) =>
        Object.keys(map(at(resource.props, `${place}.annotations`)))
            .filter((name) => !name.startsWith("alpa-auth.io/") && !lists.annotations.has(name))
            .map((name) => unlisted(`${place}.annotations.${name}`)),
    );
}

/** Charts that run Alpa itself. Operators choose their values, and Alpa's pods hold no key of a caller. */
const OF_ALPA = ["alpa-opt-service", "ray-cluster"];

function values(resource: Resource, lists: Lists): Message[] {
    return chartsOf(resource)
        .filter(({ name }) => !OF_ALPA.includes(name))
        .flatMap((chart) => {
            const name = apisixCharts(resource).some(({ where }) => where === chart.where) ? "apisix" : chart.name;
            const listed = Object.hasOwn(lists.values, name) ? lists.values[name] : [];
            return otherPaths(chart.values, listed).map((path) => unlisted(`${chart.where}.${path}`));
        });
}

const FILE = "config-alpa-auth.yaml";

/** The settings file of APISIX; undefined for another resource. */
export function settingsFile(resource: Resource): Tree | undefined {
    const text = kindOf(resource) === "ConfigMap" ? map(resource.props.data)[FILE] : undefined;
    if (typeof text !== "string") return undefined;
    try {
        return map(parse(text, { logLevel: "error" }));
    } catch {
        return { invalid: true };
    }
}

function settings(resource: Resource, lists: Lists): Message[] {
    if (kindOf(resource) !== "ConfigMap") return [];
    const files = Object.keys(map(resource.props.data)).filter((file) => file !== FILE && !/^[\w-]+\.json$/.test(file));
    return [
        ...files.map((file) => `data.${file}: is not a file of this project. Remove it.`),
        ...otherPaths(settingsFile(resource) ?? {}, lists.settings).map((path) => unlisted(`data.${FILE}: ${path}`)),
    ];
}

/** Paths in a tree that are neither in the list nor below an entry of it. Entries of a list have the path of the list. */
function otherPaths(tree: Tree, listed: readonly string[], above = ""): string[] {
    return Object.entries(tree).flatMap(([field, value]) => {
        const path = `${above}${field}`;
        if (isUnknown(value) || listed.includes(path)) return [];
        const parts = list(value).length > 0 ? list(value) : [value];
        return parts.flatMap((part) => {
            const fields = map(part);
            return Object.keys(fields).length > 0 ? otherPaths(fields, listed, `${path}.`) : [path];
        });
    });
}

const ETCD = /^http:\/\/etcd\.[a-z0-9-]+\.svc\.cluster\.local:2379$/;
const GENERATED = /^\$\{\{APISIX_\w+\}\}$/;
/** Settings whose values decide where credentials are stored, who can read them, and what is logged. */
const SETTINGS: [path: RegExp, value: RegExp][] = [
    [/^deployment\.etcd\.host/, ETCD],
    [/^deployment\.etcd\.password/, GENERATED],
    [/^deployment\.admin\.admin_key\[\d\]\.key/, GENERATED],
    [/^apisix\.control\.ip/, /^127\.0\.0\.1$/],
    [/^nginx_config\.(http\.access|error)_log$/, /^\/dev\/std(out|err)$/],
];

function fixed(resource: Resource): Message[] {
    const found: Message[] = [];
    eachText(settingsFile(resource) ?? {}, (text, path) => {
        if (SETTINGS.some(([place, value]) => place.test(path) && !value.test(text)))
            found.push(`data.${FILE}: ${path} has another value than this project may set. Correct it.`);
    });
    for (const { values: given, where } of apisixCharts(resource)) {
        for (const host of list(at(given, "externalEtcd.host")))
            if (!isUnknown(host) && !ETCD.test(String(host)))
                found.push(`${where}.externalEtcd.host: must be the etcd of this project. Correct it.`);
        for (const volume of list(at(given, "extraVolumes")))
            if (!isUnknown(volume) && !/^alpa-auth-apisix-/.test(String(at(volume, "configMap.name"))))
                found.push(`${where}.extraVolumes: must be only the settings file. Remove the others.`);
    }
    return found;
}

/** Fields of a release whose effect on the chart's objects no rule sees. */
const UNSEEN = ["valueYamlFiles", "postrender", "postRenderer"];

function unseen({ type, props }: Resource): Message[] {
    return UNSEEN.filter((field) => type.startsWith("kubernetes:helm.sh/") && !isUnknown(props[field]))
        .filter((field) => props[field] && (typeof props[field] !== "object" || list(props[field]).length > 0))
        .map((field) => `${field}: must be unset: its effect on the chart cannot be checked. Move it into values.`);
}
