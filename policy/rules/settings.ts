import { parse } from "yaml";
import { apisixCharts, chartsOf } from "../resources/charts";
import { kindOf, type Resource } from "../resources/resource";
import { allAt, map, otherPaths, partsOf, textsIn, type Tree } from "../resources/values";
import type { Message, Rule } from "./rule";

export const settingsListed: Rule = {
    name: "settings-listed",
    title: "Annotations, chart values and APISIX's settings file have only fields of the lists in policy/lists.yaml, and nothing changes them before Helm gets them.",
    reason: "An annotation can change how an ingress controller serves an object. A value or a setting can open a port, load code, or log credentials.",
    *check(resource, { lists }) {
        yield* fixed(resource);
        if (lists === undefined) return;
        const unlisted = (where: string) =>
            `${where}: is not in policy/lists.yaml. Remove it, or add it to the list in the reviewed change that needs it.`;
        for (const [where, name] of annotationsOf(resource))
            if (!lists.annotations.has(name)) yield unlisted(`${where}.${name}`);
        for (const { name, values, where } of chartsOf(resource).filter((chart) => !OF_ALPA.includes(chart.name)))
            for (const path of otherPaths(values, Object.hasOwn(lists.values, name) ? lists.values[name] : []))
                yield unlisted(`${where}.${path}`);
        for (const path of otherPaths(settingsFile(resource), lists.settings)) yield unlisted(`data.${FILE}: ${path}`);
    },
};

/** Annotations of an object and of its pods, except those of this project, and of CRDs, whose projects write them in their files. */
export const annotationsOf = ({ type, props }: Resource): [where: string, name: string][] =>
    [...partsOf(type.startsWith("kubernetes:") && !type.endsWith(":CustomResourceDefinition") ? props : {})]
        .filter(([path]) => /(^|\.)metadata\.annotations$/.test(path))
        .flatMap(([where, all]) => Object.keys(map(all)).map((name): [string, string] => [where, name]))
        .filter(([, name]) => !name.startsWith("alpa-auth.io/"));

/** Charts that run Alpa itself. Operators choose their values, and Alpa's pods hold no key of a caller. */
const OF_ALPA = ["alpa-opt-service", "ray-cluster"];

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
/** The same for values of the chart of APISIX. */
const VALUES: [path: string, value: RegExp][] = [
    ["externalEtcd.host[]", ETCD],
    ["extraVolumes[].configMap.name", /^alpa-auth-apisix-/],
];
/** Fields of a release whose effect on the chart's objects no rule sees. */
const UNSEEN = ["valueYamlFiles", "postrender", "postRenderer"];

function* fixed(resource: Resource): Generator<Message> {
    const { type, props } = resource;
    for (const file of Object.keys(kindOf(resource) === "ConfigMap" ? map(props.data) : {}))
        if (file !== FILE && !/^[\w-]+\.json$/.test(file))
            yield `data.${file}: is not a file of this project. Remove it.`;
    for (const [path, text] of textsIn(settingsFile(resource) ?? {}))
        if (SETTINGS.some(([place, value]) => place.test(path) && !value.test(text)))
            yield `data.${FILE}: ${path} has another value than this project may set. Correct it.`;
    for (const { values, where } of apisixCharts(resource)) {
        const others = (path: string, allowed: RegExp) =>
            allAt(values, path).filter(([, value]) => !allowed.test(String(value)));
        for (const [path] of VALUES.flatMap((one) => others(...one)))
            yield `${where}.${path}: must be of this project. Correct it.`;
    }
    for (const field of type.startsWith("kubernetes:helm.sh/") ? UNSEEN : [])
        if (String(props[field] ?? "") !== "")
            yield `${field}: must be unset: its effect on the chart cannot be checked. Move it into values.`;
}
